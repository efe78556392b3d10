import { viewOf } from "../base/bytes.ts";
import { crc32c } from "../base/crc32c.ts";
import { BATCH_FIELDS, BATCH_LENGTH_OVERHEAD, BATCH_MAGIC, type BatchHeader, CRC_COVERS_FROM } from "./batch-header.ts";

/** What makes a producer's batch idempotent. */
export type ProducerFields = Pick<BatchHeader, "producerId" | "producerEpoch" | "baseSequence">;

/** What a new batch's header says; the rest follows from its bytes, or is not yet known. */
export type NewBatchFields = ProducerFields &
  Pick<BatchHeader, "attributes" | "recordCount" | "baseTimestamp" | "maxTimestamp">;

/** What a producer writes as leader epoch: none. */
const NO_LEADER_EPOCH = -1;

/** Writes the header of the batch that `batch` holds from its 62nd byte on, except its CRC (`sealBatch`). */
export function writeBatchHeader(batch: Uint8Array, fields: NewBatchFields): void {
  const view = viewOf(batch);
  view.setBigInt64(BATCH_FIELDS.baseOffset, 0n);
  view.setInt32(BATCH_FIELDS.batchLength, batch.byteLength - BATCH_LENGTH_OVERHEAD);
  view.setInt32(BATCH_FIELDS.leaderEpoch, NO_LEADER_EPOCH);
  view.setInt8(BATCH_FIELDS.magic, BATCH_MAGIC);
  view.setInt16(BATCH_FIELDS.attributes, fields.attributes);
  view.setInt32(BATCH_FIELDS.lastOffsetDelta, fields.recordCount - 1);
  view.setBigInt64(BATCH_FIELDS.baseTimestamp, BigInt(fields.baseTimestamp));
  view.setBigInt64(BATCH_FIELDS.maxTimestamp, BigInt(fields.maxTimestamp));
  view.setInt32(BATCH_FIELDS.recordCount, fields.recordCount);
  writeProducer(view, fields);
}

/** Computes the CRC of a batch that is otherwise complete, in place. */
export function sealBatch(batch: Uint8Array): Uint8Array {
  viewOf(batch).setUint32(BATCH_FIELDS.crc, crc32c(batch.subarray(CRC_COVERS_FROM)));
  return batch;
}

/** A copy of `batch` under another producer id, epoch and sequence: an SDK knows them only when it sends. */
export function resequenceBatch(batch: Uint8Array, producer: ProducerFields): Uint8Array {
  const copy = new Uint8Array(batch);
  writeProducer(viewOf(copy), producer);
  return sealBatch(copy);
}

function writeProducer(view: DataView, producer: ProducerFields): void {
  view.setBigInt64(BATCH_FIELDS.producerId, BigInt(producer.producerId));
  view.setInt16(BATCH_FIELDS.producerEpoch, producer.producerEpoch);
  view.setInt32(BATCH_FIELDS.baseSequence, producer.baseSequence);
}
