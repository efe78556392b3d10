import { COMPRESSION_CODES, type Compression } from "../base/compression.ts";
import { LogError } from "../base/errors.ts";

/*
 * A record batch of magic 2, big-endian (Kafka documentation, "Record Batch"):
 *
 *   offset  size  field            meaning
 *        0     8  base offset      of the first record; a producer sends 0
 *        8     4  batch length     bytes after this field
 *       12     4  leader epoch     of the commit that placed the batch
 *       16     1  magic            2
 *       17     4  CRC-32C          of byte 21 to the end, so the fields above may be patched without a new one
 *       21     2  attributes       bits 0-2 codec, 3 log-append time, 4 transactional, 5 control, 6 delete horizon
 *       23     4  last offset delta
 *       27     8  base timestamp   ms; record timestamps are relative to it
 *       35     8  max timestamp    ms; every record's timestamp when bit 3 is set
 *       43     8  producer id      -1 without
 *       51     2  producer epoch   -1 without
 *       53     4  base sequence    of the first record; -1 without
 *       57     4  record count
 *       61        records          compressed as a whole when the codec is not 0
 */
export const BATCH_HEADER_BYTES = 61;
/** Where the bytes begin that the CRC covers. */
export const CRC_COVERS_FROM = 21;
export const BATCH_MAGIC = 2;
/** Bytes of base offset and batch length: what the batch length does not count. */
export const BATCH_LENGTH_OVERHEAD = 12;

export const BATCH_FIELDS = {
  baseOffset: 0,
  batchLength: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/** What producer id, epoch and sequence hold for a producer that is not idempotent. */
export const NO_PRODUCER = -1;
/** What a timestamp holds when there is none. */
export const NO_TIMESTAMP = -1;

const CODEC_BITS = 0x07;
export const LOG_APPEND_TIME_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;
/** Set by compaction: the base timestamp then is the time at which the batch's tombstones may go (KIP-534). */
export const DELETE_HORIZON_BIT = 0x40;
const SEQUENCE_COUNT = 2 ** 31;

/** A batch's header as it stands in the bytes; times in ms since the Unix epoch. */
export interface BatchHeader {
  readonly baseOffset: number;
  /** Of the whole batch, header included. */
  readonly batchBytes: number;
  readonly leaderEpoch: number;
  readonly magic: number;
  /** Unsigned. */
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

export type TimestampType = "CreateTime" | "LogAppendTime";

/**
 * Reads the header at `at`, and nothing past it: the batch itself may be incomplete. Bytes that cannot be a
 * batch of magic 2, or a 64-bit field beyond 2^53, are a `CorruptMessage`; magic 0 and 1 an `InvalidRecord`.
 */
export function readBatchHeader(bytes: Uint8Array, at = 0): BatchHeader {
  const left = bytes.byteLength - at;
  if (left > BATCH_FIELDS.magic) checkMagic(bytes[at + BATCH_FIELDS.magic] as number, at);
  if (left < BATCH_HEADER_BYTES) throw corruptBatch(`${left} bytes are too few for a batch`, { at, left });
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BATCH_HEADER_BYTES);
  return {
    baseOffset: wideAt(view, BATCH_FIELDS.baseOffset, "baseOffset"),
    batchBytes: batchBytesOf(view.getInt32(BATCH_FIELDS.batchLength), at),
    leaderEpoch: view.getInt32(BATCH_FIELDS.leaderEpoch),
    magic: BATCH_MAGIC,
    crc: view.getUint32(BATCH_FIELDS.crc),
    attributes: view.getInt16(BATCH_FIELDS.attributes),
    lastOffsetDelta: view.getInt32(BATCH_FIELDS.lastOffsetDelta),
    baseTimestamp: wideAt(view, BATCH_FIELDS.baseTimestamp, "baseTimestamp"),
    maxTimestamp: wideAt(view, BATCH_FIELDS.maxTimestamp, "maxTimestamp"),
    producerId: wideAt(view, BATCH_FIELDS.producerId, "producerId"),
    producerEpoch: view.getInt16(BATCH_FIELDS.producerEpoch),
    baseSequence: view.getInt32(BATCH_FIELDS.baseSequence),
    recordCount: view.getInt32(BATCH_FIELDS.recordCount),
  };
}

/** Undefined for a codec number that Kafka does not define. */
export function compressionOf(header: Pick<BatchHeader, "attributes">): Compression | undefined {
  const code = codecNumberOf(header);
  for (const name in COMPRESSION_CODES) {
    if (COMPRESSION_CODES[name as Compression] === code) return name as Compression;
  }
  return undefined;
}

export function codecNumberOf(header: Pick<BatchHeader, "attributes">): number {
  return header.attributes & CODEC_BITS;
}

export function timestampTypeOf(header: Pick<BatchHeader, "attributes">): TimestampType {
  return (header.attributes & LOG_APPEND_TIME_BIT) !== 0 ? "LogAppendTime" : "CreateTime";
}

export function isTransactional(header: Pick<BatchHeader, "attributes">): boolean {
  return (header.attributes & TRANSACTIONAL_BIT) !== 0;
}

export function isControl(header: Pick<BatchHeader, "attributes">): boolean {
  return (header.attributes & CONTROL_BIT) !== 0;
}

/** The time from which on compaction may drop the batch's tombstones, ms; undefined when none is noted yet. */
export function deleteHorizonOf(header: Pick<BatchHeader, "attributes" | "baseTimestamp">): number | undefined {
  return (header.attributes & DELETE_HORIZON_BIT) !== 0 ? header.baseTimestamp : undefined;
}

/** Whether an idempotent producer sent the batch. */
export function hasProducer(header: Pick<BatchHeader, "producerId">): boolean {
  return header.producerId > NO_PRODUCER;
}

/** Offset after the batch's last record. */
export function endOffsetOf(header: Pick<BatchHeader, "baseOffset" | "lastOffsetDelta">): number {
  return header.baseOffset + header.lastOffsetDelta + 1;
}

/** The sequence `by` places after `sequence`: 0 follows 2^31 - 1. */
export function advanceSequence(sequence: number, by: number): number {
  return (sequence + by) % SEQUENCE_COUNT;
}

/** Sequence of the batch's last record; -1 without an idempotent producer. */
export function lastSequenceOf(header: Pick<BatchHeader, "baseSequence" | "lastOffsetDelta">): number {
  if (header.baseSequence === NO_PRODUCER) return NO_PRODUCER;
  return advanceSequence(header.baseSequence, header.lastOffsetDelta);
}

/** The whole batch's size from its length field, which must leave room for the header. */
export function batchBytesOf(batchLength: number, at: number): number {
  const batchBytes = batchLength + BATCH_LENGTH_OVERHEAD;
  if (batchBytes < BATCH_HEADER_BYTES)
    throw corruptBatch(`batch length ${batchLength} is too small`, { at, batchLength });
  return batchBytes;
}

export function corruptBatch(message: string, details: Readonly<Record<string, unknown>> = {}): LogError {
  return new LogError("CorruptMessage", message, { details });
}

function checkMagic(magic: number, at: number): void {
  if (magic === BATCH_MAGIC) return;
  const details = { at, magic, expected: BATCH_MAGIC };
  if (magic < BATCH_MAGIC) throw new LogError("InvalidRecord", `message format ${magic} is not taken`, { details });
  throw corruptBatch(`${magic} is no magic of a batch`, details);
}

function wideAt(view: DataView, at: number, field: string): number {
  const value = view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4);
  if (!Number.isSafeInteger(value)) {
    throw corruptBatch(`${field} is beyond 2^53`, { field, value: String(view.getBigInt64(at)) });
  }
  return value;
}
