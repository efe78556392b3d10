import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  VarintError,
  VarintReader,
  varintBytes,
  varlongBytes,
  writeVarint,
  writeVarlong,
} from "../../../lib/records/varint.ts";

function fromHex(hex: string): VarintReader {
  return new VarintReader(new Uint8Array(Buffer.from(hex, "hex")));
}

const int32 = fc.oneof(fc.integer(), fc.integer({ min: -70, max: 70 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)));
const safeInteger = fc.oneof(
  fc.maxSafeInteger(),
  int32,
  fc.integer({ min: -(2 ** 34), max: 2 ** 34 }),
  fc.constantFrom(2 ** 30, -(2 ** 30), 2 ** 30 - 1, -(2 ** 30) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);

describe("a varint", () => {
  test.each([
    [0, "00"],
    [-1, "01"],
    [1, "02"],
    [63, "7e"],
    [-64, "7f"],
    [64, "8001"],
    [8192, "808001"],
    [2 ** 31 - 1, "feffffff0f"],
    [-(2 ** 31), "ffffffff0f"],
  ])("of %i is %s, at 32 and at 64 bits", (value, hex) => {
    const target = new Uint8Array(10);
    expect(Buffer.from(target.subarray(0, writeVarint(target, 0, value))).toString("hex")).toBe(hex);
    expect(Buffer.from(target.subarray(0, writeVarlong(target, 0, value))).toString("hex")).toBe(hex);
    expect(fromHex(hex).varint()).toBe(value);
    expect(fromHex(hex).varlong()).toBe(value);
  });

  test("of 32 bits is read as it was written, and takes the room that was told", () => {
    fc.assert(
      fc.property(int32, (value) => {
        const target = new Uint8Array(6);
        const end = writeVarint(target, 1, value);
        expect(end - 1).toBe(varintBytes(value));
        expect(new VarintReader(target, 1, end).varint()).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  test("of 64 bits is read as it was written, and takes the room that was told", () => {
    fc.assert(
      fc.property(safeInteger, (value) => {
        const target = new Uint8Array(11);
        const end = writeVarlong(target, 1, value);
        expect(end - 1).toBe(varlongBytes(value));
        expect(new VarintReader(target, 1, end).varlong()).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  test("that ends early, runs on, or is too large is refused, and nothing past the end is read", () => {
    for (const hex of ["", "80", "ffffffff", "ffffffff10", "ffffffffff01"]) {
      expect(() => fromHex(hex).varint()).toThrow(VarintError);
    }
    for (const hex of ["", "80", "ffffffffffffffffff02", "ffffffffffffffffffff01", "feffffffffffffffff01"]) {
      expect(() => fromHex(hex).varlong()).toThrow(VarintError);
    }
    expect(() => new VarintReader(Uint8Array.of(0x80, 0x01), 0, 1).varint()).toThrow(VarintError);
  });

  test("may be padded with zero bits up to its size, as other writers do", () => {
    expect(fromHex("8200").varint()).toBe(1);
    expect(fromHex("82808000").varlong()).toBe(1);
  });
});
