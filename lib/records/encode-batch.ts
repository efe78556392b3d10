import { assert } from "../base/assert.ts";
import { COMPRESSION_CODES, type Codecs, type Compression } from "../base/compression.ts";
import { BATCH_HEADER_BYTES, NO_PRODUCER } from "./batch-header.ts";
import { recordBodyBytes, writeRecord } from "./encode-record.ts";
import type { RecordData } from "./record-data.ts";
import { varintBytes } from "./varint.ts";
import { type ProducerFields, sealBatch, writeBatchHeader } from "./write-header.ts";

export interface EncodeBatchOptions extends Partial<ProducerFields> {
  /** At least one. */
  readonly records: readonly RecordData[];
  readonly compression: Compression;
  readonly codecs: Codecs;
}

/** What the header says about the records, and how much room they take. */
interface RecordsPlan {
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly bodyBytes: Int32Array;
  readonly totalBytes: number;
}

/** A batch as a producer sends it: base offset 0, no leader epoch, records in the order given. */
export async function encodeBatch(options: EncodeBatchOptions): Promise<Uint8Array> {
  const { records, compression, codecs } = options;
  if (compression === "none") return encodeUncompressedBatch(records, options);
  const plan = planRecords(records);
  const content = Buffer.allocUnsafeSlow(plan.totalBytes);
  writeRecords(content, 0, records, plan);
  const compressed = await codecs.compress(compression, content);
  const batch = new Uint8Array(BATCH_HEADER_BYTES + compressed.byteLength);
  batch.set(compressed, BATCH_HEADER_BYTES);
  return finish(batch, compression, records.length, plan, options);
}

/** As `encodeBatch` without compression, and without a promise. */
export function encodeUncompressedBatch(
  records: readonly RecordData[],
  producer: Partial<ProducerFields> = {},
): Uint8Array {
  const plan = planRecords(records);
  const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + plan.totalBytes);
  writeRecords(batch, BATCH_HEADER_BYTES, records, plan);
  return finish(new Uint8Array(batch.buffer), "none", records.length, plan, producer);
}

function planRecords(records: readonly RecordData[]): RecordsPlan {
  const first = records[0];
  assert(first !== undefined, "a batch has a record");
  const baseTimestamp = first.timestampMs;
  const bodyBytes = new Int32Array(records.length);
  let maxTimestamp = baseTimestamp;
  let totalBytes = 0;
  let offsetDelta = 0;
  for (const record of records) {
    const timestampDelta = record.timestampMs - baseTimestamp;
    assert(Number.isSafeInteger(timestampDelta), "timestamps are whole numbers");
    maxTimestamp = Math.max(maxTimestamp, record.timestampMs);
    const bytes = recordBodyBytes(record, timestampDelta, offsetDelta);
    bodyBytes[offsetDelta++] = bytes;
    totalBytes += varintBytes(bytes) + bytes;
  }
  return { baseTimestamp, maxTimestamp, bodyBytes, totalBytes };
}

function writeRecords(target: Buffer, at: number, records: readonly RecordData[], plan: RecordsPlan): void {
  let out = at;
  let offsetDelta = 0;
  for (const record of records) {
    const bodyBytes = plan.bodyBytes[offsetDelta] as number;
    const timestampDelta = record.timestampMs - plan.baseTimestamp;
    out = writeRecord(target, out, record, { bodyBytes, timestampDelta, offsetDelta });
    offsetDelta++;
  }
  assert(out === at + plan.totalBytes, "records take the room that was planned");
}

function finish(
  batch: Uint8Array,
  compression: Compression,
  recordCount: number,
  plan: RecordsPlan,
  producer: Partial<ProducerFields>,
): Uint8Array {
  writeBatchHeader(batch, {
    attributes: COMPRESSION_CODES[compression],
    recordCount,
    baseTimestamp: plan.baseTimestamp,
    maxTimestamp: plan.maxTimestamp,
    producerId: producer.producerId ?? NO_PRODUCER,
    producerEpoch: producer.producerEpoch ?? NO_PRODUCER,
    baseSequence: producer.baseSequence ?? NO_PRODUCER,
  });
  return sealBatch(batch);
}
