import { assert } from "../base/assert.ts";
import type { Codecs } from "../base/compression.ts";
import { LogError } from "../base/errors.ts";
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  codecNumberOf,
  compressionOf,
  corruptBatch,
  readBatchHeader,
} from "./batch-header.ts";
import { checkBatchCrc } from "./check-batch.ts";
import { decodeRecords } from "./decode-records.ts";
import type { DecodedRecord } from "./record-data.ts";

export interface DecodeBatchOptions {
  readonly codecs: Codecs;
  /** The most that a compressed batch may grow to: above it is a `RecordTooLarge`. */
  readonly decompressedBytesMax: number;
  /** Whether the CRC is checked; what has just been checked elsewhere need not be. */
  readonly verifyCrc: boolean;
}

/**
 * The records of one whole batch, with their offsets. Keys and values are views of `batch`, or of what it
 * decompressed to. Whatever is not a batch as Kafka writes it is a `CorruptMessage`.
 */
export async function decodeBatch(batch: Uint8Array, options: DecodeBatchOptions): Promise<DecodedRecord[]> {
  const header = readWholeBatchHeader(batch, options.verifyCrc);
  return [...decodeRecords(header, await recordsContent(batch, header, options))];
}

/** As `decodeBatch` for a batch that is not compressed, without a promise: one record at a time. */
export function decodeUncompressedBatch(batch: Uint8Array, options: { verifyCrc: boolean }): Iterable<DecodedRecord> {
  const header = readWholeBatchHeader(batch, options.verifyCrc);
  assert(compressionOf(header) === "none", "only a batch without compression is decoded at once");
  return decodeRecords(header, batch.subarray(BATCH_HEADER_BYTES));
}

/** Whether `decodeUncompressedBatch` may be used. */
export function isUncompressed(header: Pick<BatchHeader, "attributes">): boolean {
  return compressionOf(header) === "none";
}

/** The bytes of a batch's records, decompressed. */
export async function recordsContent(
  batch: Uint8Array,
  header: BatchHeader,
  options: Pick<DecodeBatchOptions, "codecs" | "decompressedBytesMax">,
): Promise<Uint8Array> {
  const content = batch.subarray(BATCH_HEADER_BYTES);
  const compression = compressionOf(header);
  if (compression === "none") return content;
  if (compression === undefined) {
    const codec = codecNumberOf(header);
    throw new LogError("UnsupportedCompressionType", `codec ${codec} is not known`, { details: { codec } });
  }
  return options.codecs.decompress(compression, content, options.decompressedBytesMax);
}

function readWholeBatchHeader(batch: Uint8Array, verifyCrc: boolean): BatchHeader {
  const header = readBatchHeader(batch);
  if (header.batchBytes !== batch.byteLength) {
    const details = { batchBytes: header.batchBytes, bytes: batch.byteLength };
    throw corruptBatch(`the batch claims ${header.batchBytes} bytes and has ${batch.byteLength}`, details);
  }
  if (verifyCrc) checkBatchCrc(batch, header);
  return header;
}
