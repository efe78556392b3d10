import { assert } from "../base/assert.ts";
import { concatBytes, viewOf } from "../base/bytes.ts";
import type { Codecs } from "../base/compression.ts";
import {
  BATCH_FIELDS,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD,
  type BatchHeader,
  compressionOf,
  DELETE_HORIZON_BIT,
  deleteHorizonOf,
  timestampTypeOf,
} from "./batch-header.ts";
import type { StoredRecord } from "./stored-records.ts";
import { VARINT_BYTES_MAX, VARLONG_BYTES_MAX, varintBytes, varlongBytes, writeVarint, writeVarlong } from "./varint.ts";
import { sealBatch } from "./write-header.ts";

export interface ThinBatchOptions {
  readonly codecs: Codecs;
  /** Time at which the batch's tombstones may go, ms: noted in a batch that has none yet (KIP-534). */
  readonly deleteHorizonMs?: number | undefined;
}

/**
 * The batch with only some of its records, as Kafka's log cleaner leaves it: base offset, last offset, leader epoch,
 * codec, producer and sequence are what they were, and so is every record that stays. At least one does.
 */
export async function thinBatch(
  batch: Uint8Array,
  header: BatchHeader,
  kept: readonly StoredRecord[],
  { codecs, deleteHorizonMs }: ThinBatchOptions,
): Promise<Uint8Array> {
  const compression = compressionOf(header);
  assert(kept.length > 0 && compression !== undefined, "what is thinned has a record left and a known codec");
  const moved = deleteHorizonMs !== undefined && deleteHorizonOf(header) === undefined;
  const baseTimestamp = moved ? deleteHorizonMs : header.baseTimestamp;
  const shift = header.baseTimestamp - baseTimestamp;
  const content = concatBytes(shift === 0 ? kept.map(({ bytes }) => bytes) : kept.map((each) => shifted(each, shift)));
  const compressed = await codecs.compress(compression, content);
  const thinned = new Uint8Array(BATCH_HEADER_BYTES + compressed.byteLength);
  thinned.set(batch.subarray(0, BATCH_HEADER_BYTES));
  thinned.set(compressed, BATCH_HEADER_BYTES);
  const view = viewOf(thinned);
  view.setInt32(BATCH_FIELDS.batchLength, thinned.byteLength - BATCH_LENGTH_OVERHEAD);
  view.setInt16(BATCH_FIELDS.attributes, moved ? header.attributes | DELETE_HORIZON_BIT : header.attributes);
  view.setBigInt64(BATCH_FIELDS.baseTimestamp, BigInt(baseTimestamp));
  view.setBigInt64(BATCH_FIELDS.maxTimestamp, BigInt(newestOf(header, kept)));
  view.setInt32(BATCH_FIELDS.recordCount, kept.length);
  return sealBatch(thinned);
}

function newestOf(header: BatchHeader, kept: readonly StoredRecord[]): number {
  if (timestampTypeOf(header) === "LogAppendTime") return header.maxTimestamp;
  let newest = Number.NEGATIVE_INFINITY;
  for (const { timestampDelta } of kept) newest = Math.max(newest, header.baseTimestamp + timestampDelta);
  return newest;
}

/** The record with its timestamp told from another base. */
function shifted({ attributes, timestampDelta, rest }: StoredRecord, shift: number): Uint8Array {
  const delta = timestampDelta + shift;
  const bodyBytes = 1 + varlongBytes(delta) + rest.byteLength;
  const bytes = new Uint8Array(VARINT_BYTES_MAX + 1 + VARLONG_BYTES_MAX + rest.byteLength);
  let at = writeVarint(bytes, 0, bodyBytes);
  bytes[at++] = attributes;
  at = writeVarlong(bytes, at, delta);
  bytes.set(rest, at);
  assert(at + rest.byteLength === varintBytes(bodyBytes) + bodyBytes, "a record takes the room that was planned");
  return bytes.subarray(0, at + rest.byteLength);
}
