import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { utf8 } from "../../../lib/base/bytes.ts";
import { crc32c, crc32cOfJavaScript, installCrc32c } from "../../../lib/base/crc32c.ts";
import { installNativeCrc32c } from "../../../lib/base/native-crc32c.ts";

/** The definition, a bit at a time. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

afterEach(() => installCrc32c(crc32cOfJavaScript));

describe("CRC-32C", () => {
  test.each([
    ["nothing", new Uint8Array(0), 0],
    ["the check string", utf8("123456789"), 0xe3069283],
    ["32 zeros (RFC 3720)", new Uint8Array(32), 0x8a9136aa],
    ["32 ones (RFC 3720)", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending (RFC 3720)", Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
    ["32 descending (RFC 3720)", Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
  ])("of %s is the known answer", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test("equals its definition at any length and alignment", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), (bytes, from) => {
        const view = bytes.subarray(Math.min(from, bytes.length));
        expect(crc32c(view)).toBe(bitwise(view));
      }),
    );
  });

  test("continues from the CRC of what came before", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        expect(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at)))).toBe(crc32c(bytes));
      }),
    );
  });

  test("of the native package equals JavaScript's", async () => {
    expect(await installNativeCrc32c()).toBe(true);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 400, maxLength: 2000 }), fc.nat(), (bytes, number) => {
        const seed = number >>> 0;
        expect(crc32c(bytes, seed)).toBe(crc32cOfJavaScript(bytes, seed));
      }),
    );
  });

  test("an implementation that computes something else is not installed", () => {
    expect(() => installCrc32c((bytes) => bytes.byteLength)).toThrow("CRC-32C");
    const forgetsSeed = (bytes: Uint8Array) => crc32cOfJavaScript(bytes);
    expect(() => installCrc32c(forgetsSeed)).toThrow("continues a CRC-32C");
    expect(crc32c(utf8("123456789"))).toBe(0xe3069283);
  });
});
