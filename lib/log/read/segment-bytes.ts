import { concatBytes } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { type BatchHeader, endOffsetOf, readBatchHeader } from "../../records/batch-header.ts";
import { checkBatchCrc } from "../../records/check-batch.ts";
import { splitCompleteBatches } from "../../records/split-batches.ts";
import type { IndexItem, SegmentReference, SparseMark } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { blockName } from "./source-name.ts";

export type SegmentItem = Extract<IndexItem, { kind: "segment" }>;

const WINDOW_BYTES_MIN = 64 * 1024;

/** The last place at or before `offset` that the sparse index knows. */
function markBefore(segment: SegmentReference, offset: number): SparseMark {
  let low = 0;
  let high = segment.marks.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((segment.marks[middle] as SparseMark).offset <= offset) low = middle;
    else high = middle - 1;
  }
  return segment.marks[low] ?? { offset: 0, position: 0, maxTimestampBefore: -1 };
}

export interface SegmentBatch {
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
}

/** Walks a segment's batches from the one that holds an offset, each checked before anybody gets to see it. */
export class SegmentReader {
  readonly #context: LogContext;
  readonly #item: SegmentItem;
  readonly #from: number;
  #position: number;
  /** Where the next batch must begin, or may at the earliest when records have been compacted away. */
  #expected: number;

  constructor(context: LogContext, item: SegmentItem, from: number) {
    const mark = markBefore(item.segment, from);
    this.#context = context;
    this.#item = item;
    this.#from = from;
    this.#position = mark.position;
    this.#expected = mark.offset;
  }

  /** The next whole batches, about `wanted` bytes of them and at least one; empty at the segment's end. */
  async next(wanted: number, call: Call): Promise<readonly SegmentBatch[]> {
    const { segment } = this.#item;
    for (;;) {
      const found = await segmentBatches(this.#context, segment, this.#position, wanted, call);
      if (found.length === 0) return [];
      const batches: SegmentBatch[] = [];
      for (const bytes of found) {
        const header = this.#checked(bytes);
        this.#position += bytes.byteLength;
        this.#expected = endOffsetOf(header);
        if (this.#expected > this.#from) batches.push({ bytes, header });
      }
      if (batches.length > 0) return batches;
    }
  }

  #checked(bytes: Uint8Array): BatchHeader {
    const { base, end, segment } = this.#item;
    try {
      const header = readBatchHeader(bytes);
      checkBatchCrc(bytes, header);
      const dense = segment.records === end - base;
      const follows = dense ? header.baseOffset === this.#expected : header.baseOffset >= this.#expected;
      if (follows && endOffsetOf(header) <= end) return header;
    } catch (cause) {
      throw this.#damaged(cause);
    }
    throw this.#damaged();
  }

  #damaged(cause?: unknown): MissingBytesError {
    const { segment } = this.#item;
    forgetBlocks(this.#context, segment);
    return missing(segment, this.#position, segment.bytes, cause);
  }
}

/** Whole batches from `position`, not yet checked. */
async function segmentBatches(
  context: LogContext,
  segment: SegmentReference,
  position: number,
  wanted: number,
  call: Call,
): Promise<readonly Uint8Array[]> {
  if (position >= segment.bytes) return [];
  const end = Math.min(segment.bytes, position + Math.max(wanted, WINDOW_BYTES_MIN));
  const window = await segmentRange(context, segment, position, end, call);
  try {
    const { batches } = splitCompleteBatches(window);
    if (batches.length > 0) return batches;
    const first = readBatchHeader(window);
    return [await segmentRange(context, segment, position, position + first.batchBytes, call)];
  } catch (cause) {
    forgetBlocks(context, segment);
    throw missing(segment, position, end, cause);
  }
}

/** What was kept of a segment that reads damaged is read again next time. */
function forgetBlocks(context: LogContext, segment: SegmentReference): void {
  const size = context.settings.readBlockBytes;
  if (size === 0) return;
  for (let block = 0; block * size < segment.bytes; block++) context.cache.drop(blockName(segment.objectKey, block));
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

function missing(segment: SegmentReference, start: number, end: number, cause?: unknown): MissingBytesError {
  return new MissingBytesError(`segment ${segment.objectKey}`, { object: segment.objectKey, start, end }, cause);
}
