import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { viewOf } from "../../../lib/base/bytes.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { BATCH_FIELDS, BATCH_HEADER_BYTES, BATCH_LENGTH_OVERHEAD } from "../../../lib/records/batch-header.ts";
import { decodeBatch } from "../../../lib/records/decode-batch.ts";
import { encodeBatch } from "../../../lib/records/encode-batch.ts";
import { sealBatch } from "../../../lib/records/write-header.ts";
import { hexFixture } from "../../support/hex-fixture.ts";
import {
  compressionArbitrary,
  damage,
  damageArbitrary,
  REAL_COMPRESSIONS,
  recordsArbitrary,
} from "../../support/record-arbitraries.ts";
import { outcomeOf, refusalOf } from "../../support/refusal.ts";

const FIXTURE = hexFixture("records/two-records.hex");
const codecs = synchronousCodecs();
const DECODE = { codecs, decompressedBytesMax: 100_000, verifyCrc: true };
const REFUSALS = ["CorruptMessage", "RecordTooLarge", "UnsupportedCompressionType", "InvalidRecord"];

/** A batch of one record whose records part is `hex`: length and CRC are right, what it holds is not. */
function batchOf(hex: string, change: (view: DataView) => void = () => {}): Uint8Array {
  const content = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const batch = new Uint8Array(BATCH_HEADER_BYTES + content.byteLength);
  batch.set(FIXTURE.subarray(0, BATCH_HEADER_BYTES));
  batch.set(content, BATCH_HEADER_BYTES);
  const view = viewOf(batch);
  view.setInt32(BATCH_FIELDS.batchLength, batch.byteLength - BATCH_LENGTH_OVERHEAD);
  view.setInt32(BATCH_FIELDS.recordCount, 1);
  change(view);
  return sealBatch(batch);
}

describe("a batch whose CRC is right and whose records are not", () => {
  test("is decoded when they are", async () => {
    expect(await decodeBatch(batchOf("10 00 00 00 02 6b 02 76 00"), DECODE)).toHaveLength(1);
  });

  test.each([
    ["no bytes for its records", ""],
    ["a negative record length", "01 00 00 00 01 01 00"],
    ["a record length past the end", "0e 00 00 00 01 01 00"],
    ["a huge record length", "fe ff ff ff 0f 00 00 00 01 01 00"],
    ["a record length of more than 32 bits", "ff ff ff ff 1f 00 00 00 01 01 00"],
    ["a record length that does not end", "ff ff ff ff ff ff ff ff ff ff ff"],
    ["a record that ends before its fields", "0a 00 00 00 01 01 00"],
    ["bytes after a record's last field", "10 00 00 00 01 01 00 00 00"],
    ["bytes after the last record", "0c 00 00 00 01 01 00 00"],
    ["a key length below -1", "0c 00 00 00 03 01 00"],
    ["a key past its record", "0c 00 00 00 0a 01 00"],
    ["a huge key length", "14 00 00 00 fe ff ff ff 0f 01 00"],
    ["a value past its record", "0e 00 00 00 01 04 61 00"],
    ["a huge value length", "14 00 00 00 01 fe ff ff ff 0f 00"],
    ["a negative header count", "0c 00 00 00 01 01 01"],
    ["a huge header count", "14 00 00 00 01 01 fe ff ff ff 0f"],
    ["fewer headers than counted", "12 00 00 00 01 01 04 02 68 01"],
    ["a header value past its record", "14 00 00 00 01 01 02 02 68 04 61"],
    ["a header without a key", "10 00 00 00 01 01 02 01 01"],
    ["a timestamp of more than 64 bits", "20 00 ff ff ff ff ff ff ff ff ff 03 00 01 01 00 00"],
    ["a timestamp beyond 2^53", "1e 00 fe ff ff ff ff ff ff ff ff 01 00 01 01 00"],
    ["a negative offset", "0c 00 00 01 01 01 00"],
    ["an offset above the batch's last", "0c 00 00 04 01 01 00"],
  ])("with %s is refused as corrupt", async (_, hex) => {
    expect((await refusalOf(() => decodeBatch(batchOf(hex), DECODE))).code).toBe("CorruptMessage");
  });

  test("with a timestamp that its delta takes beyond 2^53 is refused as corrupt", async () => {
    const late = batchOf("0c 00 02 00 01 01 00", (view) => {
      view.setBigInt64(BATCH_FIELDS.baseTimestamp, BigInt(Number.MAX_SAFE_INTEGER));
    });
    expect((await refusalOf(() => decodeBatch(late, DECODE))).code).toBe("CorruptMessage");
  });

  test("with a negative record count and no bytes is refused as corrupt", async () => {
    const lying = batchOf("", (view) => view.setInt32(BATCH_FIELDS.recordCount, -1));
    expect((await refusalOf(() => decodeBatch(lying, DECODE))).code).toBe("CorruptMessage");
  });

  test("with one offset twice is refused as corrupt", async () => {
    const twice = batchOf("0c 00 00 00 01 01 00 0c 00 00 00 01 01 00", (view) => {
      view.setInt32(BATCH_FIELDS.recordCount, 2);
    });
    expect((await refusalOf(() => decodeBatch(twice, DECODE))).code).toBe("CorruptMessage");
  });

  test.each([-1, 0, 2, 3, 2 ** 31 - 1])("with a record count of %i is refused as corrupt", async (count) => {
    const lying = batchOf("0c 00 00 00 01 01 00", (view) => view.setInt32(BATCH_FIELDS.recordCount, count));
    expect((await refusalOf(() => decodeBatch(lying, DECODE))).code).toBe("CorruptMessage");
  });

  test("under an unknown codec is refused as such", async () => {
    const unknown = batchOf("00", (view) => view.setInt16(BATCH_FIELDS.attributes, 7));
    expect((await refusalOf(() => decodeBatch(unknown, DECODE))).code).toBe("UnsupportedCompressionType");
  });

  test.each(REAL_COMPRESSIONS)("under %s is refused when it grows beyond the limit", async (compression) => {
    const value = new Uint8Array(DECODE.decompressedBytesMax);
    const records = [{ key: null, value, headers: [], timestampMs: 0 }];
    const batch = await encodeBatch({ records, compression, codecs });
    expect((await refusalOf(() => decodeBatch(batch, DECODE))).code).toBe("RecordTooLarge");
  });
});

describe("a damaged batch", () => {
  test("is refused as corrupt when its CRC is looked at", async () => {
    await fc.assert(
      fc.asyncProperty(recordsArbitrary, compressionArbitrary, damageArbitrary, async (records, compression, how) => {
        const batch = await encodeBatch({ records, compression, codecs });
        const damaged = damage(batch, how, 21);
        fc.pre(Buffer.compare(damaged, batch) !== 0);
        expect((await refusalOf(() => decodeBatch(damaged, DECODE))).code).toBe("CorruptMessage");
      }),
      { numRuns: 200 },
    );
  });

  test("is refused by type, or gives as many records as it says, when its CRC is made right again", async () => {
    await fc.assert(
      fc.asyncProperty(recordsArbitrary, compressionArbitrary, damageArbitrary, async (records, compression, how) => {
        const damaged = damage(await encodeBatch({ records, compression, codecs }), how, 21);
        if (damaged.byteLength >= BATCH_HEADER_BYTES) {
          viewOf(damaged).setInt32(BATCH_FIELDS.batchLength, damaged.byteLength - BATCH_LENGTH_OVERHEAD);
          sealBatch(damaged);
        }
        const outcome = await outcomeOf(() => decodeBatch(damaged, DECODE));
        if ("code" in outcome) expect(REFUSALS).toContain(outcome.code);
        else expect(outcome.value).toHaveLength(viewOf(damaged).getInt32(BATCH_FIELDS.recordCount));
      }),
      { numRuns: 1000 },
    );
  });

  test("with a run of noise for records is refused by type, or decodes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat(4), async (noise, codec) => {
        const batch = batchOf(Buffer.from(noise).toString("hex"), (view) => {
          view.setInt16(BATCH_FIELDS.attributes, codec);
        });
        const outcome = await outcomeOf(() => decodeBatch(batch, DECODE));
        if ("code" in outcome) expect(REFUSALS).toContain(outcome.code);
        else expect(outcome.value).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
  });
});
