import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textOf, utf8 } from "../../../lib/base/bytes.ts";
import { compressLz4Frame, decompressLz4Frame } from "../../../lib/base/lz4-frame.ts";
import { xxh32 } from "../../../lib/base/xxh32.ts";
import { contentArbitrary } from "../../support/record-arbitraries.ts";
import { refusalOf } from "../../support/refusal.ts";

interface Lz4Oracle {
  compress(bytes: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array): Uint8Array;
}

const oracle = createRequire(import.meta.url)("lz4js") as Lz4Oracle;
const LIMIT = 1_000_000;

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

/** Written by the reference library: linked blocks, block checksums, content checksum and content size. */
const CHECKSUMMED = fromHex(
  "04224d187c406600000000000000861c000000ff0268656c6c6f206c7a34206672616d652c" +
    "2011003d50616d652c2074ac39ff00000000984f3396",
);

describe("XXH32", () => {
  test.each([
    ["", 0x02cc5d05],
    ["a", 0x550d7456],
    ["abc", 0x32d153ff],
    ["Nobody inspects the spammish repetition", 0xe2293b2f],
  ])("of %j is the known answer", (text, expected) => {
    expect(xxh32(utf8(text))).toBe(expected);
  });
});

describe("an lz4 frame", () => {
  test("of nothing is read with its checksum", () => {
    expect(decompressLz4Frame(fromHex("04224d18 6440a7 00000000 055dcc02"), 0)).toHaveLength(0);
  });

  test("of the reference library is read with all its checksums", () => {
    expect(textOf(decompressLz4Frame(CHECKSUMMED, LIMIT))).toBe("hello lz4 frame, ".repeat(6));
  });

  test("is refused when any bit of a checksummed one is wrong", async () => {
    for (let bit = 0; bit < CHECKSUMMED.byteLength * 8; bit++) {
      const flipped = new Uint8Array(CHECKSUMMED);
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      const refusal = await refusalOf(() => decompressLz4Frame(flipped, LIMIT));
      expect(["CorruptMessage", "RecordTooLarge"]).toContain(refusal.code);
    }
  });

  test("is written as Java's client demands: independent blocks of 64 KiB", () => {
    const frame = compressLz4Frame(new Uint8Array(200_000));
    expect(Buffer.from(frame.subarray(0, 7)).toString("hex")).toBe("04224d18604082");
  });

  test("keeps what does not compress as it is, at a cost of 4 bytes a block", () => {
    const noise = new Uint8Array(130_000);
    let state = 1;
    for (let at = 0; at < noise.length; at++) {
      state = Math.imul(state, 1_103_515_245) + 12_345;
      noise[at] = state >>> 16;
    }
    expect(compressLz4Frame(noise).byteLength).toBe(7 + 2 * 4 + noise.byteLength + 4);
  });

  test("is understood by another implementation, and the other way round", () => {
    fc.assert(
      fc.property(contentArbitrary, (content) => {
        expect(Buffer.compare(oracle.decompress(compressLz4Frame(content)), content)).toBe(0);
        expect(Buffer.compare(decompressLz4Frame(oracle.compress(content), LIMIT), content)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["a match before the data", "04224d18604082 05000000 10 41 0200 00 00000000"],
    ["a match at distance 0", "04224d18604082 05000000 10 41 0000 00 00000000"],
    ["literals past the block", "04224d18604082 02000000 f0 41 00000000"],
    ["a block past the frame", "04224d18604082 ffffff7f 10 41 00000000"],
    ["an empty block", "04224d18604082 00000080 01000000"],
    ["bytes after the end", "04224d18604082 00000000 00"],
    ["a dictionary", "04224d186140 00000000 00 00000000"],
  ])("with %s is refused", async (_, hex) => {
    const refusal = await refusalOf(() => decompressLz4Frame(fromHex(hex), LIMIT));
    expect(refusal.code).toBe("CorruptMessage");
  });

  test("may reach back into an earlier block only when its blocks are linked", async () => {
    // "abcd" as it is; then a match of 4 bytes at distance 4, and "e".
    const blocks = "04000080 61626364 05000000 00 0400 10 65 00000000";
    const linked = fromHex(`04224d184040c0 ${blocks}`);
    expect(textOf(decompressLz4Frame(linked, LIMIT))).toBe("abcdabcde");
    const independent = fromHex(`04224d18604082 ${blocks}`);
    expect((await refusalOf(() => decompressLz4Frame(independent, LIMIT))).code).toBe("CorruptMessage");
  });

  test("that claims a content above the limit is refused by the claim alone", async () => {
    const claim = new Uint8Array(CHECKSUMMED.subarray(0, 15));
    claim.set(fromHex("ffffffffffffff7f"), 6);
    claim[14] = (xxh32(claim.subarray(4, 14)) >>> 8) & 0xff;
    const refusal = await refusalOf(() => decompressLz4Frame(claim, LIMIT));
    expect(refusal.code).toBe("RecordTooLarge");
  });
});
