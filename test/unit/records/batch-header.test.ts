import { describe, expect, test } from "vitest";
import { viewOf } from "../../../lib/base/bytes.ts";
import {
  advanceSequence,
  BATCH_FIELDS,
  BATCH_HEADER_BYTES,
  compressionOf,
  endOffsetOf,
  hasProducer,
  isControl,
  isTransactional,
  lastSequenceOf,
  readBatchHeader,
  timestampTypeOf,
} from "../../../lib/records/batch-header.ts";
import { hexFixture } from "../../support/hex-fixture.ts";
import { refusalOf } from "../../support/refusal.ts";

const FIXTURE = hexFixture("records/two-records.hex");

describe("a batch header", () => {
  test("is read field by field", () => {
    expect(readBatchHeader(FIXTURE)).toEqual({
      baseOffset: 0,
      batchBytes: 89,
      leaderEpoch: -1,
      magic: 2,
      crc: 0x2e381500,
      attributes: 0,
      lastOffsetDelta: 1,
      baseTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_005,
      producerId: 2000,
      producerEpoch: 3,
      baseSequence: 10,
      recordCount: 2,
    });
  });

  test("is read where it stands, without the bytes that follow it", () => {
    const shifted = new Uint8Array(7 + BATCH_HEADER_BYTES);
    shifted.set(FIXTURE.subarray(0, BATCH_HEADER_BYTES), 7);
    expect(readBatchHeader(shifted, 7)).toEqual(readBatchHeader(FIXTURE));
  });

  test("is refused when cut off anywhere", async () => {
    for (let length = 0; length < BATCH_HEADER_BYTES; length++) {
      expect((await refusalOf(() => readBatchHeader(FIXTURE.subarray(0, length)))).code).toBe("CorruptMessage");
    }
  });

  test.each([
    [0, "InvalidRecord"],
    [1, "InvalidRecord"],
    [3, "CorruptMessage"],
    [255, "CorruptMessage"],
  ])("of magic %i is refused with %s", async (magic, code) => {
    const other = new Uint8Array(FIXTURE);
    other[BATCH_FIELDS.magic] = magic;
    const refusal = await refusalOf(() => readBatchHeader(other));
    expect(refusal.code).toBe(code);
    expect(refusal.details).toMatchObject({ magic, expected: 2 });
  });

  test.each([0, 48, -1, -(2 ** 31)])("with a batch length of %i is refused", async (batchLength) => {
    const other = new Uint8Array(FIXTURE);
    viewOf(other).setInt32(BATCH_FIELDS.batchLength, batchLength);
    expect((await refusalOf(() => readBatchHeader(other))).code).toBe("CorruptMessage");
  });

  test.each(["baseOffset", "baseTimestamp", "maxTimestamp", "producerId"] as const)(
    "keeps %s exact up to 2^53, and is refused beyond",
    async (field) => {
      const other = new Uint8Array(FIXTURE);
      const view = viewOf(other);
      for (const exact of [Number.MAX_SAFE_INTEGER, -1, -2, 2 ** 32, -(2 ** 32), Number.MIN_SAFE_INTEGER]) {
        view.setBigInt64(BATCH_FIELDS[field], BigInt(exact));
        expect(readBatchHeader(other)[field]).toBe(exact);
      }
      for (const beyond of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
        view.setBigInt64(BATCH_FIELDS[field], beyond);
        const refusal = await refusalOf(() => readBatchHeader(other));
        expect(refusal.code).toBe("CorruptMessage");
        expect(refusal.details).toMatchObject({ field, value: String(beyond) });
      }
    },
  );

  test("tells codec, timestamp type, transaction and control from its attributes", () => {
    const codecs = [0, 1, 2, 3, 4, 5, 6, 7].map((attributes) => compressionOf({ attributes }));
    expect(codecs).toEqual(["none", "gzip", "snappy", "lz4", "zstd", undefined, undefined, undefined]);
    expect(compressionOf({ attributes: 0x7ffc })).toBe("zstd");
    expect([0, 8].map((attributes) => timestampTypeOf({ attributes }))).toEqual(["CreateTime", "LogAppendTime"]);
    expect([0, 16, 32].map((attributes) => isTransactional({ attributes }))).toEqual([false, true, false]);
    expect([0, 16, 32].map((attributes) => isControl({ attributes }))).toEqual([false, false, true]);
  });

  test("knows where its offsets and sequences end, past the wrap of sequences", () => {
    expect(endOffsetOf({ baseOffset: 100, lastOffsetDelta: 4 })).toBe(105);
    expect(lastSequenceOf({ baseSequence: 10, lastOffsetDelta: 1 })).toBe(11);
    expect(lastSequenceOf({ baseSequence: 2 ** 31 - 1, lastOffsetDelta: 0 })).toBe(2 ** 31 - 1);
    expect(lastSequenceOf({ baseSequence: 2 ** 31 - 1, lastOffsetDelta: 1 })).toBe(0);
    expect(lastSequenceOf({ baseSequence: 2 ** 31 - 2, lastOffsetDelta: 4 })).toBe(2);
    expect(lastSequenceOf({ baseSequence: -1, lastOffsetDelta: 4 })).toBe(-1);
    expect(advanceSequence(2 ** 31 - 1, 1)).toBe(0);
    expect([-1, 0, 7].map((producerId) => hasProducer({ producerId }))).toEqual([false, true, true]);
  });
});
