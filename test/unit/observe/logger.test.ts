import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { createLogger, type LoggerOptions, withFields } from "../../../lib/observe/logger.ts";

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line), isTTY: false };
  const logger = createLogger({ level: "info", format: "json", destination, ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? "{}") as Record<string, unknown> };
}

describe("log lines", () => {
  test("each is one JSON object with time, level, message and fields", () => {
    const { logger, lines, last } = capture();
    logger.info("listening", { port: 8080 });
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ level: "info", msg: "listening", port: 8080 });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  test("what is below the level is left out", () => {
    const { logger, lines } = capture({ level: "warn" });
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d");
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(["c", "d"]);
  });

  test("a request's fields go on every line", () => {
    const { logger, last } = capture();
    withFields(logger, { requestId: "r1" }).warn("slow", { ms: 12 });
    expect(last()).toMatchObject({ requestId: "r1", ms: 12, level: "warn" });
  });

  test("an error is told with code, effect, details, stack and cause", () => {
    const { logger, last } = capture();
    const cause = new Error("socket hang up");
    logger.error("failed", { error: new LogError("StoreUnavailable", "no answer", { details: { key: "k" }, cause }) });
    expect(last().error).toMatchObject({
      code: "StoreUnavailable",
      effect: "none",
      message: "no answer",
      details: { key: "k" },
      cause: { message: "socket hang up" },
    });
  });

  test("pretty lines carry message, level and fields for a person", () => {
    const { logger, lines } = capture({ format: "pretty" });
    logger.info("listening", { url: "http://127.0.0.1:1", text: "two words" });
    const plain = stripVTControlCharacters(lines[0] ?? "");
    expect(plain).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}listening url=http:\/\/127\.0\.0\.1:1 text="two words"\n$/);
  });

  test("auto is pretty on a terminal and json elsewhere", () => {
    const terminal = capture();
    const lines: string[] = [];
    const onTerminal = createLogger({
      level: "info",
      format: "auto",
      destination: { write: (line) => void lines.push(line), isTTY: true },
    });
    onTerminal.info("a");
    expect(lines[0]).not.toMatch(/^\{/);
    terminal.logger.info("a");
    expect(terminal.lines[0]).toMatch(/^\{/);
  });
});

describe("secrets", () => {
  test.each([
    ["a field named like one", { token: "s3cret" }],
    ["a header deep inside", { request: { headers: { Authorization: "Bearer s3cret" } } }],
    ["a credential in a message", { message: "sent Bearer s3cret to the server" }],
    ["a credential in a URL", { url: "http://me:s3cret@host/" }],
    ["a field of a list's element", { tries: [{ password: "s3cret" }] }],
    ["an error's details", { error: new LogError("Unauthenticated", "no", { details: { apiKey: "s3cret" } }) }],
    ["the message of a cause", { error: new Error("x", { cause: new Error("Authorization: Basic s3cret") }) }],
  ])("%s is redacted", (_, fields) => {
    const { logger, lines } = capture();
    logger.info("request", fields);
    expect(lines[0]).not.toContain("s3cret");
    expect(lines[0]).toContain("[redacted]");
  });

  test("the server's own token is redacted wherever it turns up", () => {
    const { logger, lines } = capture({ secrets: ["hunter2"] });
    logger.info("path /v1/hunter2", { reason: "saw hunter2", list: ["hunter2"], error: new Error("hunter2!") });
    expect(lines[0]).not.toContain("hunter2");
  });

  test("bytes are told by their count, because they may be a user's records", () => {
    const { logger, last } = capture();
    logger.info("batch", { bytes: new Uint8Array(12), buffer: Buffer.from("records") });
    expect(last()).toMatchObject({ bytes: "[12 bytes]", buffer: "[7 bytes]" });
  });

  test("a value that contains itself does not hang the logger", () => {
    const { logger, lines } = capture();
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    logger.info("loop", { loop });
    expect(lines[0]).toContain("[deeper]");
  });
});
