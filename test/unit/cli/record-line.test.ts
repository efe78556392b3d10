import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOfBase64, concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { type BytesAsJson, bytesAsJson, recordAsJson, recordsAsLines } from "../../../lib/cli/record-line.ts";

const recordOf = (value: Uint8Array | null, key: Uint8Array | null = null) => ({
  topic: "orders",
  partition: 1,
  offset: 7,
  timestamp: 1_795_200_000_000,
  key,
  value,
  headers: [],
});

const content = fc.option(fc.uint8Array({ maxLength: 30 }), { nil: null });

function bytesOf(json: BytesAsJson): Uint8Array | null {
  if (json === null) return null;
  return typeof json === "string" ? utf8(json) : (bytesOfBase64(json.base64) ?? utf8("not base64"));
}

describe("records as lines", () => {
  test("are the values' bytes, each with an LF", () => {
    fc.assert(
      fc.property(fc.array(content), (values) => {
        const expected = values.flatMap((value) => [value ?? utf8(""), utf8("\n")]);
        const lines = recordsAsLines(
          values.map((value) => recordOf(value)),
          { printKey: false },
        );
        expect(new Uint8Array(lines)).toEqual(concatBytes([utf8(""), ...expected]));
      }),
    );
  });

  test("have the key and a TAB before the value when asked", () => {
    const records = [recordOf(utf8("b"), utf8("a")), recordOf(utf8("c"))];
    expect(Buffer.from(recordsAsLines(records, { printKey: true })).toString()).toBe("a\tb\n\tc\n");
  });
});

describe("a record as JSON", () => {
  test("loses no byte of key, value and headers, UTF-8 or not", () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const json = JSON.parse(JSON.stringify(bytesAsJson(bytes))) as BytesAsJson;
        expect(bytesOf(json)).toEqual(bytes);
      }),
    );
  });

  test("is one line with everything the record has", () => {
    const headers = [{ key: "h", value: Uint8Array.of(0xff) }];
    expect(recordAsJson({ ...recordOf(utf8("two\nlines"), null), headers })).toBe(
      '{"topic":"orders","partition":1,"offset":7,"timestamp":1795200000000,"key":null,' +
        '"value":"two\\nlines","headers":[{"key":"h","value":{"base64":"/w=="}}]}',
    );
  });
});
