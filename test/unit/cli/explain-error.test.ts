import { describe, expect, test } from "vitest";
import { ERROR_CODES, type ErrorCode } from "../../../lib/base/error-codes.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { CommandError, UsageError } from "../../../lib/cli/command-error.ts";
import { explainError } from "../../../lib/cli/explain-error.ts";

describe("an explained error", () => {
  test("of a missing topic says how to create it", () => {
    const error = new LogError("UnknownTopicOrPartition", "no", { details: { topic: "orders" } });
    expect(explainError(error)).toEqual({
      line: "topic orders does not exist; create it: tidelog topics create orders",
      exitCode: 1,
    });
  });

  test("of a missing partition says how the topic grows by it", () => {
    const details = { topic: "orders", partition: 5, partitions: 3 };
    expect(explainError(new LogError("UnknownTopicOrPartition", "no", { details })).line).toBe(
      "topic orders has no partition 5, only 0 to 2; let it grow: tidelog topics alter orders --partitions 6",
    );
  });

  test("of a server that is away says how to start one", () => {
    const error = new LogError("NetworkException", "cannot reach http://127.0.0.1:1: nothing listens there");
    expect(explainError(error).line).toBe(
      "cannot reach http://127.0.0.1:1: nothing listens there; start it: tidelog start, or name another: --endpoint URL",
    );
  });

  test.each(Object.keys(ERROR_CODES) as ErrorCode[])("of code %s is one line", (code) => {
    const { line } = explainError(new LogError(code, "first\n  second", { details: { topic: "orders" } }));
    expect(line).not.toContain("\n");
    expect(line).not.toBe("");
  });

  test.each<[ErrorCode, Record<string, unknown>, RegExp]>([
    ["InvalidRecord", { recordIndexes: [0] }, /; give each line a key: --key-separator TEXT$/],
    [
      "PolicyViolation",
      { topic: "orders" },
      /; let it: tidelog topics alter orders --config cleanup\.policy=compact,del/,
    ],
    ["UnreleasedInstanceId", { instanceId: "till" }, /; stop that one, or choose another: --instance-id ID$/],
    ["FencedInstanceId", { instanceId: "till" }, /; .* choose another: --instance-id ID$/],
  ])("of code %s with %j names the command or the flag that helps", (code, details, next) => {
    expect(explainError(new LogError(code, "no", { details })).line).toMatch(next);
  });

  test("of a store on AWS says what AWS wants, and nothing of directories", () => {
    const message = "put of x: AWS refuses s3:PutObject on bucket b: allow it in the policy of this process's role";
    const details = { error: "AccessDenied", status: 403 };
    expect(explainError(new LogError("StoreForbidden", message, { details })).line).toBe(message);
    const ofDirectory = new LogError("StoreForbidden", "no permission for /x", { details: { file: "/x" } });
    expect(explainError(ofDirectory).line).toMatch(/^no permission for \/x; give this user the right.*--data-dir/);
  });

  test.each<[ErrorCode, Record<string, unknown>, RegExp]>([
    ["StoreFormat", { file: "/d/items.db", damagedDatabase: true }, /move it away .*tidelog restore --data-dir D$/],
    [
      "StoreUnavailable",
      { file: "/d/items.db", damagedDatabase: true },
      /move it away .*tidelog restore --data-dir D$/,
    ],
    ["StoreFormat", { file: "/d/format.json" }, /choose another directory: --data-dir D$/],
    ["StoreFormat", { objects: "a", items: "b" }, /see which stores fit together: tidelog restore --help$/],
    ["StoreMissing", { directory: "/d" }, /name the directory .*--data-dir D$/],
    ["CorruptObject", { objectKey: "staged/x" }, /tidelog verify --data-dir D$/],
    ["CorruptItem", {}, /tidelog verify --data-dir D$/],
    ["RequestTooLarge", {}, /--body-bytes-max N$/],
    ["OutcomeUnknown", {}, /look before you do it again$/],
  ])("of code %s with %o ends with what to do", (code, details, step) => {
    expect(explainError(new LogError(code, "what happened", { details })).line).toMatch(step);
  });

  test("has exit code 2 for wrong usage, and 1 for the rest", () => {
    expect(explainError(new UsageError("x")).exitCode).toBe(2);
    expect(explainError(new LogError("InvalidArgument", "x")).exitCode).toBe(2);
    expect(explainError(new CommandError("x")).exitCode).toBe(1);
    expect(explainError(new TypeError("x")).exitCode).toBe(1);
  });

  test("of a mistake of our own shows where it is", () => {
    expect(explainError(new TypeError("x is not a function")).line).toMatch(/^internal error.*TypeError[\s\S]+at /);
  });
});
