import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { synchronousCodecs, threadedCodecs } from "../../../lib/base/codecs.ts";
import type { Codecs, Compression } from "../../../lib/base/compression.ts";
import { compressLz4Frame } from "../../../lib/base/lz4-frame.ts";
import { compressSnappy } from "../../../lib/base/snappy-framing.ts";
import {
  ALL_COMPRESSIONS,
  contentArbitrary,
  damage,
  damageArbitrary,
  REAL_COMPRESSIONS,
} from "../../support/record-arbitraries.ts";
import { outcomeOf, refusalOf } from "../../support/refusal.ts";

const MIB = 1024 * 1024;
const BOMB_MIB = 256;

const KINDS: readonly [string, Codecs][] = [
  ["threaded", threadedCodecs()],
  ["synchronous", synchronousCodecs()],
];

/** 256 MiB of zeros as each codec packs them, built without ever holding them. */
function bomb(codec: Compression): Uint8Array {
  const zeros = new Uint8Array(MIB);
  const repeat = (piece: Uint8Array): Uint8Array[] => Array<Uint8Array>(BOMB_MIB).fill(piece);
  switch (codec) {
    case "gzip":
      return Buffer.concat(repeat(zlib.gzipSync(zeros)));
    case "snappy": {
      const framed = compressSnappy(zeros);
      return Buffer.concat([framed.subarray(0, 16), ...repeat(framed.subarray(16))]);
    }
    case "lz4": {
      const frame = compressLz4Frame(zeros);
      return Buffer.concat([frame.subarray(0, 7), ...repeat(frame.subarray(7, -4)), frame.subarray(-4)]);
    }
    case "zstd":
      return zlib.zstdCompressSync(new Uint8Array(BOMB_MIB * MIB));
    case "none":
      return new Uint8Array(BOMB_MIB * MIB);
  }
}

describe.each(KINDS)("%s codecs", (_, codecs) => {
  test.each(ALL_COMPRESSIONS)("%s gives back what it was given", async (codec) => {
    await fc.assert(
      fc.asyncProperty(contentArbitrary, async (content) => {
        const compressed = await codecs.compress(codec, content);
        const back = await codecs.decompress(codec, compressed, content.byteLength);
        expect(Buffer.compare(back, content)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test.each(ALL_COMPRESSIONS)("%s yields nothing that is one byte above the limit", async (codec) => {
    for (const length of [1, 1000, 70_000]) {
      const compressed = await codecs.compress(codec, Buffer.alloc(length, "tide"));
      const refusal = await refusalOf(() => codecs.decompress(codec, compressed, length - 1));
      expect(refusal.code).toBe("RecordTooLarge");
      expect(refusal.details).toMatchObject({ codec, bytesMax: length - 1 });
    }
  });

  test.each(REAL_COMPRESSIONS)("a %s bomb is refused before its memory is allocated", async (codec) => {
    const compressed = bomb(codec);
    const before = process.memoryUsage().rss;
    const refusal = await refusalOf(() => codecs.decompress(codec, compressed, MIB));
    expect(refusal.code).toBe("RecordTooLarge");
    expect(process.memoryUsage().rss - before).toBeLessThan((BOMB_MIB / 4) * MIB);
  });

  test.each(REAL_COMPRESSIONS)("damaged %s is refused by type, or decompresses within the limit", async (codec) => {
    await fc.assert(
      fc.asyncProperty(contentArbitrary, damageArbitrary, async (content, how) => {
        const damaged = damage(await codecs.compress(codec, content), how);
        const outcome = await outcomeOf(() => codecs.decompress(codec, damaged, 100_000));
        if ("code" in outcome) expect(["CorruptMessage", "RecordTooLarge"]).toContain(outcome.code);
        else expect(outcome.value.byteLength).toBeLessThanOrEqual(100_000);
      }),
      { numRuns: 200 },
    );
  });

  test.each(REAL_COMPRESSIONS)("%s refuses what was never compressed", async (codec) => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0xff), new Uint8Array(100).fill(0xff)]) {
      const refusal = await refusalOf(() => codecs.decompress(codec, bytes, 1000));
      expect(refusal.code).toBe("CorruptMessage");
    }
  });

  test.each(REAL_COMPRESSIONS)("%s that is cut off anywhere is refused", async (codec) => {
    const compressed = await codecs.compress(codec, Buffer.from("a tide of records ".repeat(20)));
    for (let length = 0; length < compressed.byteLength; length++) {
      // Java's framing has no end mark: it may end after its header or after any whole block.
      if (codec === "snappy" && length === 16) continue;
      const refusal = await refusalOf(() => codecs.decompress(codec, compressed.subarray(0, length), 1000));
      expect(refusal.code).toBe("CorruptMessage");
    }
  });
});
