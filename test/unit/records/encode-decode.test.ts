import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8, viewOf } from "../../../lib/base/bytes.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { BATCH_FIELDS, BATCH_HEADER_BYTES, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { checkProducedBatch } from "../../../lib/records/check-batch.ts";
import { decodeBatch, decodeUncompressedBatch } from "../../../lib/records/decode-batch.ts";
import { encodeBatch, encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { recordBytes } from "../../../lib/records/encode-record.ts";
import { placeBatch } from "../../../lib/records/place-batch.ts";
import type { RecordData } from "../../../lib/records/record-data.ts";
import { resequenceBatch, sealBatch } from "../../../lib/records/write-header.ts";
import { hexFixture } from "../../support/hex-fixture.ts";
import { ALL_COMPRESSIONS, compressionArbitrary, recordsArbitrary } from "../../support/record-arbitraries.ts";

const FIXTURE = hexFixture("records/two-records.hex");
const BASE_TIMESTAMP = 1_700_000_000_000;
const codecs = synchronousCodecs();
const DECODE = { codecs, decompressedBytesMax: 1_000_000, verifyCrc: true };

const FIXTURE_RECORDS: readonly RecordData[] = [
  { key: utf8("k1"), value: utf8("hello"), headers: [], timestampMs: BASE_TIMESTAMP },
  {
    key: null,
    value: null,
    headers: [
      { key: "h", value: Uint8Array.of(0xff) },
      { key: "n", value: null },
    ],
    timestampMs: BASE_TIMESTAMP + 5,
  },
];
const FIXTURE_PRODUCER = { producerId: 2000, producerEpoch: 3, baseSequence: 10 };

/** Records as plain values: views and copies of the same bytes are then equal. */
function plain(records: Iterable<RecordData>): unknown[] {
  const hex = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString("hex"));
  return [...records].map((record) => ({
    ...record,
    key: hex(record.key),
    value: hex(record.value),
    headers: record.headers.map(({ key, value }) => ({ key, value: hex(value) })),
  }));
}

describe("encoding a batch", () => {
  test("gives Kafka's bytes", () => {
    const batch = encodeUncompressedBatch(FIXTURE_RECORDS, FIXTURE_PRODUCER);
    expect(Buffer.from(batch).toString("hex")).toBe(Buffer.from(FIXTURE).toString("hex"));
  });

  test("gives a batch that a broker takes and that decodes to the same records, under every codec", async () => {
    await fc.assert(
      fc.asyncProperty(recordsArbitrary, compressionArbitrary, fc.nat(1e9), async (records, compression, offset) => {
        const batch = await encodeBatch({ records, compression, codecs, ...FIXTURE_PRODUCER });
        const header = checkProducedBatch(batch, { recordBytesMax: 1_000_000 });
        expect(header).toMatchObject({ ...FIXTURE_PRODUCER, recordCount: records.length });
        expect(header.maxTimestamp).toBe(Math.max(...records.map((record) => record.timestampMs)));
        const decoded = await decodeBatch(placeBatch(batch, offset, 1), DECODE);
        const expected = records.map((record, index) => ({ ...record, offset: offset + index }));
        expect(plain(decoded)).toEqual(plain(expected));
      }),
      { numRuns: 150 },
    );
  });

  test("takes no more room than its records were said to need", () => {
    fc.assert(
      fc.property(recordsArbitrary, (records) => {
        const near = records.map((record) => ({ ...record, timestampMs: BASE_TIMESTAMP }));
        const estimate = near.reduce((total, record) => total + recordBytes(record), BATCH_HEADER_BYTES);
        const actual = encodeUncompressedBatch(near).byteLength;
        expect(actual).toBeLessThanOrEqual(estimate);
        expect(estimate - actual).toBeLessThanOrEqual(near.length * 11);
      }),
    );
  });

  test("without a producer says so in all three fields", () => {
    const header = readBatchHeader(encodeUncompressedBatch(FIXTURE_RECORDS));
    expect(header).toMatchObject({ producerId: -1, producerEpoch: -1, baseSequence: -1, leaderEpoch: -1 });
  });

  test("needs a record", () => {
    expect(() => encodeUncompressedBatch([])).toThrow("a batch has a record");
  });
});

describe("a resequenced batch", () => {
  test("is the batch that would have been encoded with that producer, and the original stays as it was", () => {
    const anonymous = encodeUncompressedBatch(FIXTURE_RECORDS);
    const before = Buffer.from(anonymous);
    expect(Buffer.from(resequenceBatch(anonymous, FIXTURE_PRODUCER)).equals(FIXTURE)).toBe(true);
    expect(Buffer.compare(anonymous, before)).toBe(0);
  });
});

describe("decoding a batch", () => {
  test("gives the records of Kafka's bytes, at once and one by one", async () => {
    const expected = plain(FIXTURE_RECORDS.map((record, offset) => ({ ...record, offset })));
    expect(plain(await decodeBatch(FIXTURE, DECODE))).toEqual(expected);
    expect(plain(decodeUncompressedBatch(FIXTURE, { verifyCrc: true }))).toEqual(expected);
  });

  test("gives every record the append time when the log stamped the batch", async () => {
    const batch = new Uint8Array(FIXTURE);
    viewOf(batch).setInt16(BATCH_FIELDS.attributes, 0x08);
    viewOf(batch).setBigInt64(BATCH_FIELDS.maxTimestamp, 1_800_000_000_000n);
    const records = await decodeBatch(sealBatch(batch), DECODE);
    expect(records.map((record) => record.timestampMs)).toEqual([1_800_000_000_000, 1_800_000_000_000]);
  });

  test("gives what compaction left, at the offsets it left", async () => {
    const batch = new Uint8Array(FIXTURE);
    viewOf(batch).setInt32(BATCH_FIELDS.lastOffsetDelta, 9);
    batch[BATCH_HEADER_BYTES + 3] = 2 * 3;
    batch[BATCH_HEADER_BYTES + 14 + 3] = 2 * 7;
    const records = await decodeBatch(placeBatch(sealBatch(batch), 50, 0), DECODE);
    expect(records.map((record) => record.offset)).toEqual([53, 57]);
  });

  test.each(ALL_COMPRESSIONS)("gives plain Uint8Arrays under %s, whatever the batch came in", async (compression) => {
    const batch = await encodeBatch({ records: FIXTURE_RECORDS, compression, codecs });
    const [record] = await decodeBatch(Buffer.from(batch), DECODE);
    expect(Object.getPrototypeOf(record?.key)).toBe(Uint8Array.prototype);
    expect(Object.getPrototypeOf(record?.value)).toBe(Uint8Array.prototype);
  });

  test("keeps a byte order mark in a header's key", () => {
    const record: RecordData = { key: null, value: null, headers: [{ key: "\ufeffx", value: null }], timestampMs: 0 };
    const [decoded] = decodeUncompressedBatch(encodeUncompressedBatch([record]), { verifyCrc: true });
    expect(decoded?.headers[0]?.key).toBe("\ufeffx");
  });
});
