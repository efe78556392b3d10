import fc from "fast-check";
import { expect, test } from "vitest";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { BATCH_FIELDS, deleteHorizonOf, endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { decodeBatch, recordsContent } from "../../../lib/records/decode-batch.ts";
import { encodeBatch } from "../../../lib/records/encode-batch.ts";
import { placeBatch } from "../../../lib/records/place-batch.ts";
import { storedRecords } from "../../../lib/records/stored-records.ts";
import { thinBatch } from "../../../lib/records/thin-batch.ts";
import { sealBatch } from "../../../lib/records/write-header.ts";
import { refusalOf } from "../../support/refusal.ts";

const codecs = synchronousCodecs();
const OPTIONS = { codecs, decompressedBytesMax: 1e7, verifyCrc: true };

const field = fc.option(fc.uint8Array({ maxLength: 30 }));
const record = fc.record({
  key: field,
  value: field,
  headers: fc.array(fc.record({ key: fc.string({ unit: "grapheme", maxLength: 5 }), value: field }), { maxLength: 3 }),
  timestampMs: fc.oneof(fc.integer({ min: -1, max: 10 }), fc.integer({ min: 0, max: 2 ** 41 })),
});
const codec = fc.constantFrom("none" as const, "gzip" as const, "snappy" as const, "lz4" as const, "zstd" as const);

async function recordsOf(batch: Uint8Array) {
  const header = readBatchHeader(batch);
  return { header, records: [...storedRecords(header, await recordsContent(batch, header, OPTIONS))] };
}

test("a thinned batch holds exactly the records that stay, as they were, and stands where it stood", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(record, fc.boolean()), { minLength: 1, maxLength: 12 }),
      codec,
      fc.option(fc.integer({ min: 0, max: 2 ** 42 }), { nil: undefined }),
      fc.nat(2 ** 40),
      async (drawn, compression, deleteHorizonMs, base) => {
        const producer = { producerId: 7, producerEpoch: 2, baseSequence: 40 };
        const encoded = await encodeBatch({ records: drawn.map(([data]) => data), compression, codecs, ...producer });
        const batch = placeBatch(encoded, base, 3);
        const all = await decodeBatch(batch, OPTIONS);
        const { header, records } = await recordsOf(batch);
        const kept = records.filter((_, at) => drawn[at]?.[1] || at === 0);
        const expected = all.filter((_, at) => drawn[at]?.[1] || at === 0);
        const thinned = await thinBatch(batch, header, kept, { codecs, deleteHorizonMs });
        expect(await decodeBatch(thinned, OPTIONS)).toEqual(expected);
        const now = readBatchHeader(thinned);
        expect(endOffsetOf(now)).toBe(endOffsetOf(header));
        expect(now).toMatchObject({ ...producer, baseOffset: base, leaderEpoch: 3, recordCount: kept.length });
        expect(now.attributes & 7).toBe(header.attributes & 7);
        expect(now.maxTimestamp).toBe(Math.max(...expected.map(({ timestampMs }) => timestampMs)));
        expect(deleteHorizonOf(now)).toBe(deleteHorizonMs);
        const again = await recordsOf(thinned);
        const later = await thinBatch(thinned, again.header, again.records, { codecs, deleteHorizonMs: 5 });
        expect(deleteHorizonOf(readBatchHeader(later))).toBe(deleteHorizonMs ?? 5);
        expect(await decodeBatch(later, OPTIONS)).toEqual(expected);
      },
    ),
    { numRuns: 200 },
  );
});

test("a batch that the log has stamped keeps its time", async () => {
  const data = [1, 2, 3].map((timestampMs) => ({ key: null, value: Uint8Array.of(1), headers: [], timestampMs }));
  const batch = await encodeBatch({ records: data, compression: "none", codecs });
  const view = new DataView(batch.buffer, batch.byteOffset);
  view.setInt16(BATCH_FIELDS.attributes, 8);
  view.setBigInt64(BATCH_FIELDS.maxTimestamp, 99n);
  sealBatch(batch);
  const { header, records } = await recordsOf(batch);
  const thinned = await thinBatch(batch, header, records.slice(0, 1), { codecs, deleteHorizonMs: 1000 });
  expect(await decodeBatch(thinned, OPTIONS)).toMatchObject([{ offset: 0, timestampMs: 99 }]);
});

test("damaged content is a typed error, never a wild read", async () => {
  const data = Array.from({ length: 5 }, (_, at) => ({
    key: Uint8Array.of(at),
    value: new Uint8Array(20),
    headers: [],
    timestampMs: 1,
  }));
  const batch = await encodeBatch({ records: data, compression: "none", codecs });
  const header = readBatchHeader(batch);
  const content = batch.subarray(61);
  for (let cut = 0; cut < content.byteLength; cut++) {
    const { code } = await refusalOf(async () => [...storedRecords(header, content.subarray(0, cut))]);
    expect(code).toBe("CorruptMessage");
  }
  const { code } = await refusalOf(async () => [...storedRecords({ ...header, recordCount: 4 }, content)]);
  expect(code).toBe("CorruptMessage");
});
