import { crc32c } from "../base/crc32c.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { LogError } from "../base/errors.ts";
import { decompressedBytesMax } from "../base/limits.ts";
import {
  type BatchHeader,
  CRC_COVERS_FROM,
  codecNumberOf,
  compressionOf,
  corruptBatch,
  hasProducer,
  isControl,
  isTransactional,
  NO_TIMESTAMP,
  readBatchHeader,
  timestampTypeOf,
} from "./batch-header.ts";
import { checkUncompressedCount } from "./check-count.ts";
import { RECORD_BYTES_MIN } from "./decode-records.ts";

/** What is stored of ids and times is one above them, and has to be exact. */
const NUMBER_MAX = Number.MAX_SAFE_INTEGER - 1;
const EXACT = "below 2^53 - 1";
/** Of the smallest that there are, in what a batch may decompress to. */
const RECORDS_MAX = Math.floor(decompressedBytesMax / RECORD_BYTES_MIN);

/** Kafka's `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`, around `nowMs`. */
export interface TimestampLimits {
  readonly nowMs: number;
  readonly beforeMsMax: number;
  readonly afterMsMax: number;
}

export interface BatchLimits {
  /** The topic's `max.message.bytes`: of the whole batch as it is sent. */
  readonly recordBytesMax: number;
  readonly timestampLimits?: TimestampLimits | undefined;
}

/**
 * The header of a batch as a producer may send it, else the error that Kafka's broker answers (its LogValidator
 * and the checks before it, in their order). Never decompresses: what the records hold is for whoever reads
 * them, except the keys that a compacted topic needs (`checkKeys`).
 */
export function checkProducedBatch(bytes: Uint8Array, limits: BatchLimits): BatchHeader {
  const header = readBatchHeader(bytes);
  if (header.batchBytes !== bytes.byteLength) {
    const details = { batchBytes: header.batchBytes, bytes: bytes.byteLength };
    throw corruptBatch(`the batch claims ${header.batchBytes} bytes and has ${bytes.byteLength}`, details);
  }
  if (header.baseOffset !== 0) throw refusal("InvalidRecord", "baseOffset", header.baseOffset, "0");
  if (header.batchBytes > limits.recordBytesMax) {
    throw refusal("RecordTooLarge", "batchBytes", header.batchBytes, `at most ${limits.recordBytesMax}`);
  }
  checkBatchCrc(bytes, header);
  checkCount(header);
  checkProducer(header);
  checkAttributes(header);
  checkTimestamps(header, limits.timestampLimits);
  if (compressionOf(header) === "none") checkUncompressedCount(bytes, header);
  return header;
}

/** `CorruptMessage` when the bytes of a whole batch are not those that its CRC was computed over. */
export function checkBatchCrc(batch: Uint8Array, header: Pick<BatchHeader, "crc">): void {
  const crc = crc32c(batch.subarray(CRC_COVERS_FROM));
  if (crc === header.crc) return;
  throw corruptBatch("the batch does not match its CRC", { crc: header.crc, computed: crc });
}

function checkCount(header: BatchHeader): void {
  const { recordCount, lastOffsetDelta } = header;
  if (recordCount <= 0) throw refusal("InvalidRecord", "recordCount", recordCount, "at least 1");
  if (lastOffsetDelta !== recordCount - 1) {
    throw refusal("InvalidRecord", "lastOffsetDelta", lastOffsetDelta, `one less than the ${recordCount} records`);
  }
  // Without decompressing: so many that nobody could ever read them would only use up offsets.
  if (recordCount > RECORDS_MAX) throw refusal("InvalidRecord", "recordCount", recordCount, `at most ${RECORDS_MAX}`);
}

function checkProducer(header: BatchHeader): void {
  if (!hasProducer(header)) return;
  if (header.producerId > NUMBER_MAX) throw refusal("InvalidRecord", "producerId", header.producerId, EXACT);
  if (header.baseSequence < 0) throw refusal("InvalidRecord", "baseSequence", header.baseSequence, "0 or more");
  if (header.producerEpoch < 0) {
    throw refusal("InvalidProducerEpoch", "producerEpoch", header.producerEpoch, "0 or more");
  }
}

function checkAttributes(header: BatchHeader): void {
  if (isControl(header)) {
    throw refusal("InvalidRecord", "attributes", header.attributes, "no control batch, which only brokers write");
  }
  if (isTransactional(header)) {
    throw refusal("InvalidTxnState", "attributes", header.attributes, "no transactional batch: none is open");
  }
  if (compressionOf(header) === undefined) {
    throw refusal("UnsupportedCompressionType", "codec", codecNumberOf(header), "0 (none) to 4 (zstd)");
  }
  if (timestampTypeOf(header) === "LogAppendTime") {
    throw refusal("InvalidTimestamp", "attributes", header.attributes, "CreateTime, which is all a producer can know");
  }
}

// Looks at the first and the greatest timestamp, which the header has, instead of at each record's.
function checkTimestamps(header: BatchHeader, limits: TimestampLimits | undefined): void {
  if (header.maxTimestamp > NUMBER_MAX) throw refusal("InvalidTimestamp", "maxTimestamp", header.maxTimestamp, EXACT);
  if (limits === undefined) return;
  const { nowMs, beforeMsMax, afterMsMax } = limits;
  const { baseTimestamp, maxTimestamp } = header;
  if (baseTimestamp !== NO_TIMESTAMP && nowMs - baseTimestamp > beforeMsMax) {
    throw refusal("InvalidTimestamp", "baseTimestamp", baseTimestamp, `at most ${beforeMsMax} ms before ${nowMs}`);
  }
  const greatest = Math.max(baseTimestamp, maxTimestamp);
  if (greatest - nowMs > afterMsMax) {
    throw refusal("InvalidTimestamp", "maxTimestamp", greatest, `at most ${afterMsMax} ms after ${nowMs}`);
  }
}

function refusal(code: ErrorCode, field: string, actual: number, expected: string): LogError {
  return new LogError(code, `${field} is ${actual}, expected ${expected}`, { details: { field, actual, expected } });
}
