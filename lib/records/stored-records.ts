import { type BatchHeader, corruptBatch } from "./batch-header.ts";
import { VarintError, VarintReader } from "./varint.ts";

/** A record as it stands in its batch's content: enough to tell whether it stays, and to copy it as it is. */
export interface StoredRecord {
  readonly offset: number;
  /** A view; null for none. */
  readonly key: Uint8Array | null;
  readonly hasValue: boolean;
  /** To the batch's base timestamp. */
  readonly timestampDelta: number;
  readonly attributes: number;
  /** The whole record, its length field included. */
  readonly bytes: Uint8Array;
  /** What follows the timestamp delta: offset delta, key, value and headers. */
  readonly rest: Uint8Array;
}

const NULL_LENGTH = -1;

/**
 * The records in `content` (decompressed), one at a time, without looking into their headers. Offsets grow, and none
 * lies outside of the batch: what compaction decides by them must not reach other producers' records.
 */
export function* storedRecords(header: BatchHeader, content: Uint8Array): Generator<StoredRecord, void, undefined> {
  const reader = new VarintReader(content);
  let lowest = header.baseOffset;
  const highest = header.baseOffset + header.lastOffsetDelta;
  for (let index = 0; index < header.recordCount; index++) {
    const record = next(header, reader, index);
    const { offset } = record;
    if (offset < lowest || offset > highest) {
      throw corruptBatch(`record ${index} is out of the batch's order`, { index, offset, lowest, highest });
    }
    lowest = offset + 1;
    yield record;
  }
  if (reader.left > 0) throw corruptBatch(`${reader.left} bytes follow the last record`, { left: reader.left });
}

function next(header: BatchHeader, reader: VarintReader, index: number): StoredRecord {
  const { bytes: content } = reader;
  const start = reader.at;
  try {
    const bodyBytes = reader.varint();
    const end = reader.at + bodyBytes;
    if (bodyBytes < 0 || end > content.byteLength) throw new VarintError("it ends outside of the batch");
    const attributes = reader.byte();
    const timestampDelta = reader.varlong();
    const afterTimestamp = reader.at;
    const offset = header.baseOffset + reader.varint();
    const key = takeField(reader, end);
    const valueBytes = reader.varint();
    if (reader.at > end) throw new VarintError("its fields are longer than it is");
    reader.at = end;
    return {
      offset,
      key,
      hasValue: valueBytes !== NULL_LENGTH,
      timestampDelta,
      attributes,
      bytes: content.subarray(start, end),
      rest: content.subarray(afterTimestamp, end),
    };
  } catch (error) {
    if (!(error instanceof VarintError)) throw error;
    throw corruptBatch(`record ${index}: ${error.message}`, { index, at: start });
  }
}

function takeField(reader: VarintReader, end: number): Uint8Array | null {
  const length = reader.varint();
  if (length === NULL_LENGTH) return null;
  if (length < 0 || length > end - reader.at) throw new VarintError("its key ends outside of it");
  const field = reader.bytes.subarray(reader.at, reader.at + length);
  reader.at += length;
  return field;
}
