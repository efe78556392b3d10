import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textOf } from "../../../lib/base/bytes.ts";
import { compressSnappy, decompressSnappy } from "../../../lib/base/snappy-framing.ts";
import { contentArbitrary } from "../../support/record-arbitraries.ts";
import { refusalOf } from "../../support/refusal.ts";

interface SnappyOracle {
  compress(bytes: Uint8Array): Uint8Array;
  uncompress(bytes: Uint8Array): Uint8Array;
}

const oracle = createRequire(import.meta.url)("snappyjs") as SnappyOracle;
const LIMIT = 1_000_000;
const XERIAL = "82534e4150505900 00000001 00000001";

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

function blocksOf(framed: Uint8Array): Uint8Array[] {
  const buffer = Buffer.from(framed);
  const blocks: Uint8Array[] = [];
  for (let at = 16; at < buffer.byteLength; ) {
    const length = buffer.readInt32BE(at);
    blocks.push(new Uint8Array(buffer.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return blocks;
}

describe("snappy", () => {
  test("is read in Java's framing, block after block", () => {
    const two = fromHex(`${XERIAL} 00000005 03 08616263 00000005 0a 00 64 1501`);
    expect(textOf(decompressSnappy(two, LIMIT))).toBe(`abc${"d".repeat(10)}`);
  });

  test("is read as one raw block where the framing is absent", () => {
    expect(textOf(decompressSnappy(fromHex("03 08 61 62 63"), LIMIT))).toBe("abc");
  });

  test("is written in Java's framing, 32 KiB a block", () => {
    const framed = compressSnappy(new Uint8Array(70_000));
    expect(Buffer.from(framed.subarray(0, 16)).toString("hex")).toBe(XERIAL.replaceAll(" ", ""));
    expect(blocksOf(framed).map((block) => oracle.uncompress(block).byteLength)).toEqual([32_768, 32_768, 4464]);
  });

  test("is understood by another implementation, and the other way round", () => {
    fc.assert(
      fc.property(contentArbitrary, (content) => {
        const read = Buffer.concat(blocksOf(compressSnappy(content)).map((block) => oracle.uncompress(block)));
        expect(Buffer.compare(read, content)).toBe(0);
        expect(Buffer.compare(decompressSnappy(oracle.compress(content), LIMIT), content)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["a copy before the data", "05 00 61 0102"],
    ["a copy at distance 0", "05 00 61 0100"],
    ["a copy past the claimed end", "02 00 61 0101"],
    ["literals past the block", "05 10 61 62"],
    ["a literal length that is negative in 32 bits", "05 fc fa ff ff ff 00 00 00 00"],
    ["an end before what it claims", "09 08 61 62 63"],
    ["a claim that no block of its size can hold", "ff ff ff ff 0f 00 61"],
    ["a length that does not end", "ff ff ff ff ff ff"],
  ])("with %s is refused", async (_, hex) => {
    const refusal = await refusalOf(() => decompressSnappy(fromHex(hex), LIMIT));
    expect(refusal.code).toBe("CorruptMessage");
  });

  test.each([
    ["negative", "ffffffff"],
    ["huge", "7fffffff"],
  ])("with a %s block size is refused", async (_, size) => {
    const refusal = await refusalOf(() => decompressSnappy(fromHex(`${XERIAL} ${size} 03 08616263`), LIMIT));
    expect(refusal.code).toBe("CorruptMessage");
  });

  test("that may hold what it claims is refused by the claim alone when that is above the limit", async () => {
    const claim = new Uint8Array(4 + 60_000);
    claim.set(fromHex("c0843d"));
    const refusal = await refusalOf(() => decompressSnappy(claim, LIMIT - 1));
    expect(refusal.code).toBe("RecordTooLarge");
  });
});
