import { viewOf } from "../base/bytes.ts";
import { crc32c } from "../base/crc32c.ts";
import { LogError } from "../base/errors.ts";
import { PackReader, PackWriter } from "../base/packing.ts";

/** One partition's bytes in a staged object. */
export interface StagedRange {
  readonly topicId: string;
  readonly partition: number;
  /** From the object's start. */
  readonly position: number;
  readonly bytes: number;
}

/*
 * A staged object begins with: magic "TLS1" (offset 0, 4 bytes), length of the header that follows
 * (offset 4, 4 bytes, big-endian), the header's CRC-32C (offset 8, 4 bytes), the header (packed: count, per range:
 * topic id, partition, bytes); then the ranges' bytes one after another. A damaged header must not be believed: the
 * collector asks the partitions that it names.
 */
const MAGIC = 0x544c5331;
const FIXED_BYTES = 12;
const RANGE_BYTES_MIN = 3;

/** The bytes to put before the ranges, and where each range will lie. */
export function stagedHeader(ranges: readonly Omit<StagedRange, "position">[]): {
  header: Uint8Array;
  positions: readonly number[];
} {
  const out = new PackWriter(ranges.length * 40 + 8).varint(ranges.length);
  for (const range of ranges) out.text(range.topicId).varint(range.partition).varint(range.bytes);
  const packed = out.finish();
  const header = new Uint8Array(FIXED_BYTES + packed.byteLength);
  const view = viewOf(header);
  view.setUint32(0, MAGIC);
  view.setUint32(4, packed.byteLength);
  view.setUint32(8, crc32c(packed));
  header.set(packed, FIXED_BYTES);
  const positions: number[] = [];
  let position = header.byteLength;
  for (const range of ranges) {
    positions.push(position);
    position += range.bytes;
  }
  return { header, positions };
}

/** How many of its first bytes a staged object's header takes, from the first twelve of them. */
export function stagedHeaderBytes(start: Uint8Array): number {
  return start.byteLength < FIXED_BYTES ? FIXED_BYTES : FIXED_BYTES + viewOf(start).getUint32(4);
}

/** The ranges that a staged object names. Needs its first bytes only; fails with `CorruptObject`. */
export function readStagedHeader(start: Uint8Array, objectKey: string): readonly StagedRange[] {
  const bad = (how: string): LogError =>
    new LogError("CorruptObject", `staged object ${objectKey} ${how}`, { details: { objectKey } });
  if (start.byteLength < FIXED_BYTES) throw bad("ends within its header");
  const view = viewOf(start);
  if (view.getUint32(0) !== MAGIC) throw bad("does not start with a staged object's header");
  const length = view.getUint32(4);
  if (length > start.byteLength - FIXED_BYTES) throw bad("ends within its header");
  const packed = start.subarray(FIXED_BYTES, FIXED_BYTES + length);
  if (crc32c(packed) !== view.getUint32(8)) throw bad("has a header that does not match its checksum");
  const input = new PackReader(packed, `the header of ${objectKey}`);
  const ranges: StagedRange[] = [];
  let position = FIXED_BYTES + length;
  for (let left = input.count(RANGE_BYTES_MIN); left > 0; left--) {
    const range = { topicId: input.text(), partition: input.varint(), position, bytes: input.varint() };
    ranges.push(range);
    position += range.bytes;
  }
  input.end();
  return ranges;
}
