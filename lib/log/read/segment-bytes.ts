import { concatBytes } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { BATCH_HEADER_BYTES, readBatchHeader } from "../../records/batch-header.ts";
import { splitCompleteBatches } from "../../records/split-batches.ts";
import type { SegmentReference, SparseMark } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { blockName } from "./source-name.ts";

const WINDOW_BYTES_MIN = 64 * 1024;

/** The last place at or before `offset` that the sparse index knows. */
export function markBefore(segment: SegmentReference, offset: number): SparseMark {
  let low = 0;
  let high = segment.marks.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((segment.marks[middle] as SparseMark).offset <= offset) low = middle;
    else high = middle - 1;
  }
  return segment.marks[low] ?? { offset: 0, position: 0, maxTimestampBefore: -1 };
}

/** Whole batches from `position`, about `wanted` bytes of them and at least one; empty at the segment's end. */
export async function segmentBatches(
  context: LogContext,
  segment: SegmentReference,
  position: number,
  wanted: number,
  call: Call,
): Promise<readonly Uint8Array[]> {
  if (position >= segment.bytes) return [];
  const end = Math.min(segment.bytes, position + Math.max(wanted, WINDOW_BYTES_MIN));
  const window = await segmentRange(context, segment, position, end, call);
  const { batches } = splitCompleteBatches(window);
  if (batches.length > 0) return batches;
  if (window.byteLength < BATCH_HEADER_BYTES) throw missing(segment, position, end);
  const first = readBatchHeader(window);
  return [await segmentRange(context, segment, position, position + first.batchBytes, call)];
}

async function segmentRange(
  context: LogContext,
  segment: SegmentReference,
  start: number,
  end: number,
  call: Call,
): Promise<Uint8Array> {
  const size = context.settings.readBlockBytes;
  const bytes =
    size === 0
      ? await context.objects.get(segment.objectKey, call, { start, end })
      : await rangeOfBlocks(context, segment, { start, end, size }, call);
  if (bytes === undefined || bytes.byteLength !== end - start) throw missing(segment, start, end);
  return bytes;
}

async function rangeOfBlocks(
  context: LogContext,
  segment: SegmentReference,
  range: { readonly start: number; readonly end: number; readonly size: number },
  call: Call,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  for (let block = Math.floor(range.start / range.size); block * range.size < range.end; block++) {
    const from = block * range.size;
    const to = Math.min(segment.bytes, from + range.size);
    const name = blockName(segment.objectKey, block);
    const bytes = await context.cache.get(name, () =>
      context.objects.get(segment.objectKey, call, { start: from, end: to }),
    );
    if (bytes === undefined || bytes.byteLength !== to - from) {
      context.cache.drop(name);
      return undefined;
    }
    parts.push(bytes.subarray(Math.max(0, range.start - from), Math.min(to, range.end) - from));
  }
  return concatBytes(parts);
}

function missing(segment: SegmentReference, start: number, end: number): MissingBytesError {
  return new MissingBytesError(`segment ${segment.objectKey}`, { object: segment.objectKey, start, end });
}
