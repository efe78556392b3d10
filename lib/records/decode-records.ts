import { EMPTY_BYTES, plainView } from "../base/bytes.ts";
import { type BatchHeader, corruptBatch, timestampTypeOf } from "./batch-header.ts";
import type { DecodedRecord, RecordHeader } from "./record-data.ts";
import { VarintError, VarintReader } from "./varint.ts";

/** Length, attributes, two deltas, key length, value length, header count: a byte each. */
export const RECORD_BYTES_MIN = 7;
const HEADER_BYTES_MIN = 2;
const NULL_LENGTH = -1;
const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/**
 * The records in `content` (decompressed; see `encode-record.ts` for their layout), one at a time: what is
 * wrong with one is thrown when its turn comes. Offsets may have gaps, since compaction leaves them, but grow.
 */
export function* decodeRecords(header: BatchHeader, content: Uint8Array): Generator<DecodedRecord, void, undefined> {
  const { recordCount, lastOffsetDelta } = header;
  if (recordCount < 0 || recordCount * RECORD_BYTES_MIN > content.byteLength) {
    throw corruptBatch(`${content.byteLength} bytes cannot hold ${recordCount} records`, { recordCount });
  }
  const reader = new RecordReader(header, content);
  let lowestDelta = 0;
  for (let index = 0; index < recordCount; index++) {
    const record = reader.next(index);
    const offsetDelta = record.offset - header.baseOffset;
    if (offsetDelta < lowestDelta || offsetDelta > lastOffsetDelta) {
      throw corruptBatch(`record ${index} is out of the batch's order`, { index, offsetDelta, lastOffsetDelta });
    }
    lowestDelta = offsetDelta + 1;
    yield record;
  }
  reader.end();
}

class RecordReader {
  readonly #reader: VarintReader;
  readonly #content: Uint8Array;
  readonly #text: Buffer;
  readonly #baseOffset: number;
  readonly #baseTimestamp: number;
  readonly #appendTimestamp: number | undefined;

  constructor(header: BatchHeader, content: Uint8Array) {
    this.#reader = new VarintReader(content);
    this.#content = plainView(content);
    this.#text = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    this.#baseOffset = header.baseOffset;
    this.#baseTimestamp = header.baseTimestamp;
    this.#appendTimestamp = timestampTypeOf(header) === "LogAppendTime" ? header.maxTimestamp : undefined;
  }

  next(index: number): DecodedRecord {
    try {
      return this.#record();
    } catch (error) {
      if (!(error instanceof VarintError)) throw error;
      throw corruptBatch(`record ${index}: ${error.message}`, { index, at: this.#reader.at });
    }
  }

  /** Demands that nothing follows the last record. */
  end(): void {
    const { left } = this.#reader;
    if (left > 0) throw corruptBatch(`${left} bytes follow the last record`, { left });
  }

  #record(): DecodedRecord {
    const reader = this.#reader;
    reader.end = this.#content.byteLength;
    const bodyBytes = reader.varint();
    if (bodyBytes < 0 || bodyBytes > reader.left) {
      throw new VarintError(`a length of ${bodyBytes} where ${reader.left} bytes are left`);
    }
    reader.end = reader.at + bodyBytes;
    reader.byte();
    const timestampMs = this.#timestamp(reader.varlong());
    const offset = this.#baseOffset + reader.varint();
    const key = this.#field();
    const value = this.#field();
    const headers = this.#headers();
    if (reader.left > 0) throw new VarintError(`${reader.left} bytes follow its last field`);
    reader.end = this.#content.byteLength;
    return { offset, timestampMs, key, value, headers };
  }

  #timestamp(delta: number): number {
    if (this.#appendTimestamp !== undefined) return this.#appendTimestamp;
    const timestampMs = this.#baseTimestamp + delta;
    if (!Number.isSafeInteger(timestampMs)) throw new VarintError("a timestamp is beyond 2^53");
    return timestampMs;
  }

  #field(): Uint8Array | null {
    const length = this.#reader.varint();
    if (length === NULL_LENGTH) return null;
    const from = this.#take(length);
    return length === 0 ? EMPTY_BYTES : this.#content.subarray(from, from + length);
  }

  #headers(): readonly RecordHeader[] {
    const count = this.#reader.varint();
    if (count === 0) return NO_HEADERS;
    if (count < 0 || count * HEADER_BYTES_MIN > this.#reader.left) {
      throw new VarintError(`${count} headers where ${this.#reader.left} bytes are left`);
    }
    const headers: RecordHeader[] = [];
    for (let index = 0; index < count; index++) {
      const length = this.#reader.varint();
      const from = this.#take(length);
      headers.push({ key: this.#text.toString("utf8", from, from + length), value: this.#field() });
    }
    return headers;
  }

  #take(length: number): number {
    const reader = this.#reader;
    if (length < 0 || length > reader.left) {
      throw new VarintError(`a length of ${length} where ${reader.left} bytes are left`);
    }
    const from = reader.at;
    reader.at += length;
    return from;
  }
}
