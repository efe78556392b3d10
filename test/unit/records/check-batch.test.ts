import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8, viewOf } from "../../../lib/base/bytes.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { BATCH_FIELDS, CRC_COVERS_FROM } from "../../../lib/records/batch-header.ts";
import { type BatchLimits, checkProducedBatch } from "../../../lib/records/check-batch.ts";
import { checkKeys } from "../../../lib/records/check-keys.ts";
import { encodeBatch } from "../../../lib/records/encode-batch.ts";
import type { RecordData } from "../../../lib/records/record-data.ts";
import { sealBatch } from "../../../lib/records/write-header.ts";
import { hexFixture } from "../../support/hex-fixture.ts";
import { ALL_COMPRESSIONS, damage, damageArbitrary } from "../../support/record-arbitraries.ts";
import { refusalOf } from "../../support/refusal.ts";

const FIXTURE = hexFixture("records/two-records.hex");
const BASE_TIMESTAMP = 1_700_000_000_000;
const LIMITS: BatchLimits = { recordBytesMax: 1000 };
const codecs = synchronousCodecs();

/** The fixture with one field changed and its CRC made right again. */
function changed(change: (view: DataView) => void): Uint8Array {
  const batch = new Uint8Array(FIXTURE);
  change(viewOf(batch));
  return sealBatch(batch);
}

describe("a produced batch", () => {
  test("that is right is let pass, and its header answered", () => {
    expect(checkProducedBatch(FIXTURE, LIMITS)).toMatchObject({ recordCount: 2, producerId: 2000, baseSequence: 10 });
  });

  test("without a producer id needs no sequence", () => {
    const batch = changed((view) => {
      view.setBigInt64(BATCH_FIELDS.producerId, -1n);
      view.setInt16(BATCH_FIELDS.producerEpoch, -1);
      view.setInt32(BATCH_FIELDS.baseSequence, -1);
    });
    expect(checkProducedBatch(batch, LIMITS).producerId).toBe(-1);
  });

  test.each<[string, string, (view: DataView) => void]>([
    ["a base offset other than 0", "InvalidRecord", (view) => view.setBigInt64(BATCH_FIELDS.baseOffset, 1n)],
    ["no records", "InvalidRecord", (view) => view.setInt32(BATCH_FIELDS.recordCount, 0)],
    ["a negative record count", "InvalidRecord", (view) => view.setInt32(BATCH_FIELDS.recordCount, -1)],
    ["a record count above its offsets", "InvalidRecord", (view) => view.setInt32(BATCH_FIELDS.recordCount, 3)],
    ["offsets above its record count", "InvalidRecord", (view) => view.setInt32(BATCH_FIELDS.lastOffsetDelta, 2)],
    ["negative offsets", "InvalidRecord", (view) => view.setInt32(BATCH_FIELDS.lastOffsetDelta, -1)],
    ["the control bit", "InvalidRecord", (view) => view.setInt16(BATCH_FIELDS.attributes, 0x20)],
    ["a producer id without sequence", "InvalidRecord", (view) => view.setInt32(BATCH_FIELDS.baseSequence, -1)],
    ["a negative epoch", "InvalidProducerEpoch", (view) => view.setInt16(BATCH_FIELDS.producerEpoch, -1)],
    ["the transactional bit", "InvalidTxnState", (view) => view.setInt16(BATCH_FIELDS.attributes, 0x10)],
    ["an unknown codec", "UnsupportedCompressionType", (view) => view.setInt16(BATCH_FIELDS.attributes, 5)],
    ["log-append time", "InvalidTimestamp", (view) => view.setInt16(BATCH_FIELDS.attributes, 0x08)],
  ])("with %s is refused with %s", async (_, code, change) => {
    const refusal = await refusalOf(() => checkProducedBatch(changed(change), LIMITS));
    expect(refusal.code).toBe(code);
    expect(refusal.effect).toBe("none");
    expect(Object.keys(refusal.details)).toEqual(["field", "actual", "expected"]);
  });

  test("above the topic's size is refused, one at the size is not", async () => {
    expect(checkProducedBatch(FIXTURE, { recordBytesMax: FIXTURE.byteLength }).recordCount).toBe(2);
    const refusal = await refusalOf(() => checkProducedBatch(FIXTURE, { recordBytesMax: FIXTURE.byteLength - 1 }));
    expect(refusal.code).toBe("RecordTooLarge");
  });

  test("with any bit flipped under its CRC is refused as corrupt", async () => {
    for (let bit = CRC_COVERS_FROM * 8; bit < FIXTURE.byteLength * 8; bit++) {
      const flipped = new Uint8Array(FIXTURE);
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      expect((await refusalOf(() => checkProducedBatch(flipped, LIMITS))).code).toBe("CorruptMessage");
    }
  });

  test("that is cut off, or longer than it says, is refused as corrupt", async () => {
    for (let length = 0; length < FIXTURE.byteLength; length++) {
      const refusal = await refusalOf(() => checkProducedBatch(FIXTURE.subarray(0, length), LIMITS));
      expect(refusal.code).toBe("CorruptMessage");
    }
    const longer = new Uint8Array([...FIXTURE, 0]);
    expect((await refusalOf(() => checkProducedBatch(longer, LIMITS))).code).toBe("CorruptMessage");
  });

  test("that is damaged anyhow is let pass only when what it says of its records is untouched", () => {
    fc.assert(
      fc.property(damageArbitrary, (how) => {
        const batch = damage(FIXTURE, how);
        try {
          checkProducedBatch(batch, LIMITS);
        } catch (error) {
          expect(error).toHaveProperty("name", "LogError");
          return;
        }
        expect(Buffer.compare(batch.subarray(CRC_COVERS_FROM), FIXTURE.subarray(CRC_COVERS_FROM))).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the timestamps of a produced batch", () => {
  const within = (nowMs: number): BatchLimits => ({
    ...LIMITS,
    timestampLimits: { nowMs, beforeMsMax: 1000, afterMsMax: 500 },
  });

  test.each([
    ["the first at the limit before now", BASE_TIMESTAMP + 1000],
    ["the greatest at the limit after now", BASE_TIMESTAMP + 5 - 500],
  ])("are taken with %s", (_, nowMs) => {
    expect(checkProducedBatch(FIXTURE, within(nowMs)).recordCount).toBe(2);
  });

  test.each([
    ["the first below the limit before now", BASE_TIMESTAMP + 1001],
    ["the greatest above the limit after now", BASE_TIMESTAMP + 4 - 500],
  ])("are refused with %s", async (_, nowMs) => {
    const refusal = await refusalOf(() => checkProducedBatch(FIXTURE, within(nowMs)));
    expect(refusal.code).toBe("InvalidTimestamp");
  });

  test("are not looked at when the batch has none", () => {
    const batch = changed((view) => {
      view.setBigInt64(BATCH_FIELDS.baseTimestamp, -1n);
      view.setBigInt64(BATCH_FIELDS.maxTimestamp, -1n);
    });
    expect(checkProducedBatch(batch, within(BASE_TIMESTAMP)).baseTimestamp).toBe(-1);
  });
});

describe("the keys of a produced batch", () => {
  const record = (key: string | null): RecordData => ({
    key: key === null ? null : utf8(key),
    value: utf8("v"),
    headers: [],
    timestampMs: BASE_TIMESTAMP,
  });

  test.each(ALL_COMPRESSIONS)("are looked for under %s, and the records without one named", async (compression) => {
    const keyed = await encodeBatch({ records: [record("a"), record("")], compression, codecs });
    await expect(checkKeys(keyed, codecs, 1000)).resolves.toBeUndefined();
    const unkeyed = await encodeBatch({ records: [record("a"), record(null), record(null)], compression, codecs });
    const refusal = await refusalOf(() => checkKeys(unkeyed, codecs, 1000));
    expect(refusal.code).toBe("InvalidRecord");
    expect(refusal.details).toEqual({ recordIndexes: [1, 2] });
  });

  test("are not looked for in what grows beyond the limit", async () => {
    const records = Array.from({ length: 1000 }, () => record("k"));
    const batch = await encodeBatch({ records, compression: "lz4", codecs });
    expect((await refusalOf(() => checkKeys(batch, codecs, 1000))).code).toBe("RecordTooLarge");
  });
});
