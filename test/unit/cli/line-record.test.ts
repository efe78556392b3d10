import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, textOf, utf8 } from "../../../lib/base/bytes.ts";
import { lineToRecord } from "../../../lib/cli/line-record.ts";

describe("a line as a record", () => {
  test("is its value when there is no separator", () => {
    const line = Uint8Array.of(0xff, 0x00, 0x0d);
    expect(lineToRecord({})(line)).toEqual({ value: line });
  });

  test("is cut at the first separator, which belongs to neither side", () => {
    const record = lineToRecord({ keySeparator: "::" })(utf8("a:b::c::d"));
    expect([record?.key, record?.value].map((bytes) => textOf(bytes ?? utf8("none")))).toEqual(["a:b", "c::d"]);
  });

  test("gives key and value whose bytes make up the line again", () => {
    const bytes = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        const line = concatBytes([before, utf8("é"), after]);
        const record = lineToRecord({ keySeparator: "é" })(line);
        expect(concatBytes([record?.key ?? utf8("none"), utf8("é"), record?.value ?? utf8("none")])).toEqual(line);
      }),
    );
  });

  test("is none without its separator", () => {
    expect(lineToRecord({ keySeparator: ":" })(utf8("one coffee"))).toBeUndefined();
  });

  test("carries the partition and the headers of the command", () => {
    const headers = [{ key: "source", value: "till" }];
    expect(lineToRecord({ partition: 2, headers })(utf8("a"))).toEqual({ partition: 2, headers, value: utf8("a") });
  });
});
