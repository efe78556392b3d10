import { concatBytes } from "../base/bytes.ts";
import type { Call } from "../base/call.ts";
import { crc32c } from "../base/crc32c.ts";
import { isLogError, messageOf } from "../base/errors.ts";
import { backlogReadBytes, messageBytesMax } from "../base/limits.ts";
import { BATCH_LENGTH_OVERHEAD, type BatchHeader, compressionOf, readBatchHeader } from "../records/batch-header.ts";
import { checkBatchCrc } from "../records/check-batch.ts";
import { checkUncompressedCount } from "../records/check-count.ts";
import type { ByteRange, ObjectStore } from "../storage/object-store.ts";

export interface SegmentFile {
  readonly key: string;
  /** As the index, or a listing, has it. */
  readonly bytes: number;
}

export interface SegmentFileVisitor {
  /** A batch whose bytes are those that its CRC was computed over. */
  batch(header: BatchHeader, position: number): void;
  /** What stands in the range is no whole, sound batch. */
  damage(range: ByteRange, how: string): void;
}

/** What was read of a file: of all its bytes if `bytes` is its length. */
export interface ScannedFile {
  readonly bytes: number;
  /** CRC-32C. */
  readonly checksum: number;
}

type ReadableObjects = Pick<ObjectStore, "get">;

/**
 * Reads a segment file from its first byte to its last, in pieces, and checks each batch. A damaged batch whose
 * length can be believed is passed over; otherwise the rest is damage. Undefined when there is no such object.
 * Holds one piece and one batch at a time, however large the file.
 */
export async function scanSegmentFile(
  objects: ReadableObjects,
  file: SegmentFile,
  visitor: SegmentFileVisitor,
  newCall: () => Call,
): Promise<ScannedFile | undefined> {
  let checksum = 0;
  let bytes = 0;
  let left: Uint8Array = new Uint8Array(0);
  let lost = false;
  while (bytes < file.bytes) {
    const end = Math.min(file.bytes, bytes + backlogReadBytes);
    const piece = await objects.get(file.key, newCall(), { start: bytes, end });
    if (piece === undefined) return undefined;
    checksum = crc32c(piece, checksum);
    const position = bytes - left.byteLength;
    bytes += piece.byteLength;
    if (!lost) {
      const taken = takeBatches(concatBytes([left, piece]), position, file, visitor);
      left = taken.left;
      lost = taken.lost;
    }
    if (bytes < end) break;
  }
  if (bytes < file.bytes) visitor.damage({ start: bytes, end: file.bytes }, "the file ends before");
  else if (!lost && left.byteLength > 0) {
    visitor.damage({ start: bytes - left.byteLength, end: bytes }, "the last batch is cut off");
  }
  return { bytes, checksum };
}

interface Taken {
  /** The beginning of a batch that goes on in the next piece; a copy, so that the piece may go. */
  readonly left: Uint8Array;
  /** Where the next batch begins can no longer be told. */
  readonly lost: boolean;
}

function takeBatches(bytes: Uint8Array, position: number, file: SegmentFile, visitor: SegmentFileVisitor): Taken {
  let at = 0;
  while (bytes.byteLength - at >= BATCH_LENGTH_OVERHEAD) {
    const batchBytes = lengthAt(bytes, at);
    const most = Math.min(messageBytesMax, file.bytes - position - at);
    if (batchBytes > most || batchBytes <= BATCH_LENGTH_OVERHEAD) {
      const how = `a batch of ${batchBytes} bytes where at most ${most} can be`;
      visitor.damage({ start: position + at, end: file.bytes }, how);
      return { left: new Uint8Array(0), lost: true };
    }
    if (batchBytes > bytes.byteLength - at) break;
    visitBatch(bytes.subarray(at, at + batchBytes), position + at, visitor);
    at += batchBytes;
  }
  return { left: bytes.slice(at), lost: false };
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BATCH_LENGTH_OVERHEAD);
  return view.getInt32(BATCH_LENGTH_OVERHEAD - 4) + BATCH_LENGTH_OVERHEAD;
}

function visitBatch(batch: Uint8Array, position: number, visitor: SegmentFileVisitor): void {
  try {
    visitor.batch(checkedHeader(batch), position);
  } catch (error) {
    if (!isLogError(error)) throw error;
    visitor.damage({ start: position, end: position + batch.byteLength }, messageOf(error));
  }
}

/** The header of a whole stored batch, whose CRC and count of records have been checked. */
export function checkedHeader(batch: Uint8Array): BatchHeader {
  const header = readBatchHeader(batch);
  checkBatchCrc(batch, header);
  if (compressionOf(header) === "none") checkUncompressedCount(batch, header);
  return header;
}
