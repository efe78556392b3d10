import type { RecordData } from "./record-data.ts";
import { VARINT_BYTES_MAX, varintBytes, varlongBytes, writeVarint, writeVarlong } from "./varint.ts";

/*
 * A record (Kafka documentation, "Record"); all numbers but the attributes are zigzag varints:
 *
 *   length           of all that follows
 *   attributes       1 byte, 0
 *   timestamp delta  64 bits, from the batch's base timestamp
 *   offset delta     from the batch's base offset
 *   key length       -1 for null; then the key
 *   value length     -1 for null; then the value
 *   header count     then per header: key length, key in UTF-8, value length (-1 for null), value
 */
const NULL_LENGTH = -1;
const ATTRIBUTES_BYTES = 1;
/** Batches end far below 2^20 records, and their records lie less than 12 days apart: what estimates assume. */
const OFFSET_DELTA_BYTES = 3;
const TIMESTAMP_DELTA_BYTES = 5;

/** What a record takes in a batch before compression, at most: for filling a batch record by record. */
export function recordBytes(record: RecordData): number {
  return VARINT_BYTES_MAX + ATTRIBUTES_BYTES + TIMESTAMP_DELTA_BYTES + OFFSET_DELTA_BYTES + contentBytes(record);
}

/** Exact bytes of a record after its length field. */
export function recordBodyBytes(record: RecordData, timestampDelta: number, offsetDelta: number): number {
  return ATTRIBUTES_BYTES + varlongBytes(timestampDelta) + varintBytes(offsetDelta) + contentBytes(record);
}

function contentBytes(record: RecordData): number {
  const { headers } = record;
  let total = fieldBytes(record.key) + fieldBytes(record.value) + varintBytes(headers.length);
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key);
    total += varintBytes(keyBytes) + keyBytes + fieldBytes(value);
  }
  return total;
}

function fieldBytes(field: Uint8Array | null): number {
  if (field === null) return varintBytes(NULL_LENGTH);
  return varintBytes(field.byteLength) + field.byteLength;
}

/** Where a record goes: its own length after the length field, and its deltas. */
export interface RecordPlace {
  readonly bodyBytes: number;
  readonly timestampDelta: number;
  readonly offsetDelta: number;
}

/** Writes a record at `at`, where `bodyBytes` are free after its length field; answers its end. */
export function writeRecord(target: Buffer, at: number, record: RecordData, place: RecordPlace): number {
  let out = writeVarint(target, at, place.bodyBytes);
  target[out++] = 0;
  out = writeVarlong(target, out, place.timestampDelta);
  out = writeVarint(target, out, place.offsetDelta);
  out = writeField(target, out, record.key);
  out = writeField(target, out, record.value);
  out = writeVarint(target, out, record.headers.length);
  for (const { key, value } of record.headers) {
    out = writeVarint(target, out, Buffer.byteLength(key));
    out += target.write(key, out);
    out = writeField(target, out, value);
  }
  return out;
}

function writeField(target: Uint8Array, at: number, field: Uint8Array | null): number {
  if (field === null) return writeVarint(target, at, NULL_LENGTH);
  const out = writeVarint(target, at, field.byteLength);
  target.set(field, out);
  return out + field.byteLength;
}
