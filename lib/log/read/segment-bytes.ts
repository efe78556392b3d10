import type { Call } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { BATCH_HEADER_BYTES, type BatchHeader, endOffsetOf, readBatchHeader } from "../../records/batch-header.ts";
import { checkBatchCrc } from "../../records/check-batch.ts";
import { type CompleteBatches, splitCompleteBatches } from "../../records/split-batches.ts";
import type { IndexItem, SegmentReference, SparseMark } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { forgetBlocks, segmentRange } from "./segment-blocks.ts";
import { SegmentWindows } from "./segment-windows.ts";

export type SegmentItem = Extract<IndexItem, { kind: "segment" }>;

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
  /** Where the next one begins. */
  readonly endPosition: number;
}

/** What is wrong with a batch. */
interface Damage {
  /** Two batches of a compacted segment contradict each other: a base offset is outside of the CRC, of either. */
  readonly mayBeBefore: boolean;
  readonly cause: unknown;
}

/** Walks a segment's batches from the one that holds an offset, each checked before anybody gets to see it. */
export class SegmentReader {
  readonly #context: LogContext;
  readonly #item: SegmentItem;
  readonly #from: number;
  readonly #windows: SegmentWindows;
  #position: number;
  /** Where the next batch must begin, or may at the earliest when records have been compacted away. */
  #expected: number;
  /** Bytes of the next batch at least: what has less room for it need not ask. */
  nextBytesMin = BATCH_HEADER_BYTES;

  /** With `memory`, batches stand until the next are asked for: that is where they are read. */
  constructor(context: LogContext, item: SegmentItem, from: number, memory?: Uint8Array) {
    const known = context.indexCache.positionOf(item.segment.objectKey, from);
    const mark = markBefore(item.segment, from);
    this.#context = context;
    this.#item = item;
    this.#from = from;
    this.#windows = new SegmentWindows(context, item.segment, memory);
    this.#position = known ?? mark.position;
    this.#expected = known === undefined ? mark.offset : from;
  }

  /**
   * The next whole batches, at most about `wanted` bytes of them and at least one; empty at the segment's end. Those
   * before a damaged one come by themselves: it fails the call after.
   */
  async next(wanted: number, call: Call): Promise<readonly SegmentBatch[]> {
    const { segment } = this.#item;
    for (;;) {
      const found = await segmentBatches(this.#context, segment, this.#windows, this.#position, wanted, call);
      if (found.batches.length === 0) return [];
      this.nextBytesMin = found.nextBytes ?? BATCH_HEADER_BYTES;
      const batches: SegmentBatch[] = [];
      for (const bytes of found.batches) {
        const header = this.#check(bytes);
        if ("mayBeBefore" in header) return this.#beforeDamage(batches, header);
        this.#position += bytes.byteLength;
        this.#expected = endOffsetOf(header);
        if (this.#expected > this.#from) batches.push({ bytes, header, endPosition: this.#position });
      }
      if (batches.length > 0) return batches;
    }
  }

  #check(bytes: Uint8Array): BatchHeader | Damage {
    const { base, end, segment } = this.#item;
    const dense = segment.records === end - base;
    try {
      const header = readBatchHeader(bytes);
      checkBatchCrc(bytes, header);
      const follows = dense ? header.baseOffset === this.#expected : header.baseOffset >= this.#expected;
      if (follows && endOffsetOf(header) <= end) return header;
      return { mayBeBefore: !dense && !follows, cause: undefined };
    } catch (cause) {
      return { mayBeBefore: false, cause };
    }
  }

  /** What can be given out though damage follows, which then fails the next call; fails when there is nothing. */
  #beforeDamage(batches: SegmentBatch[], { mayBeBefore, cause }: Damage): readonly SegmentBatch[] {
    const { segment } = this.#item;
    if (mayBeBefore) batches.pop();
    const last = batches.at(-1);
    if (last === undefined) {
      forgetBlocks(this.#context, segment);
      throw missing(segment, this.#position, segment.bytes, cause);
    }
    this.#position = last.endPosition;
    this.#expected = endOffsetOf(last.header);
    return batches;
  }
}

/** Whole batches from `position`, not yet checked, and the size of the next where it is known without reading. */
async function segmentBatches(
  context: LogContext,
  segment: SegmentReference,
  windows: SegmentWindows,
  position: number,
  wanted: number,
  call: Call,
): Promise<Omit<CompleteBatches, "incompleteBytes">> {
  if (position >= segment.bytes) return { batches: [], nextBytes: undefined };
  const { end, bytes: window } = await windows.from(position, wanted, call);
  if (window === undefined) throw missing(segment, position, end);
  const damaged = (cause?: unknown): MissingBytesError => {
    forgetBlocks(context, segment);
    return missing(segment, position, end, cause);
  };
  // Only what is read can be damaged: what the store fails with meanwhile is told as it is.
  const readable = <T>(read: () => T): T => {
    try {
      return read();
    } catch (cause) {
      throw damaged(cause);
    }
  };
  const complete = readable(() => batchesBeforeDamage(window));
  if (complete.batches.length > 0) return complete;
  let bytes = complete.nextBytes;
  if (bytes === undefined) {
    // Even its length goes on in the next block.
    const header = await rangeOf(
      context,
      segment,
      position,
      Math.min(segment.bytes, position + BATCH_HEADER_BYTES),
      call,
    );
    bytes = readable(() => readBatchHeader(header).batchBytes);
  }
  if (position + bytes > segment.bytes) throw damaged();
  return { batches: [await rangeOf(context, segment, position, position + bytes, call)], nextBytes: undefined };
}

/** As far as lengths can be believed; fails when not even the first can. */
function batchesBeforeDamage(window: Uint8Array): CompleteBatches {
  try {
    return splitCompleteBatches(window);
  } catch (error) {
    const at = isLogError(error, "CorruptMessage") ? error.details.at : undefined;
    if (typeof at !== "number" || at === 0) throw error;
    return splitCompleteBatches(window.subarray(0, at));
  }
}

async function rangeOf(
  context: LogContext,
  segment: SegmentReference,
  start: number,
  end: number,
  call: Call,
): Promise<Uint8Array> {
  const bytes = await segmentRange(context, segment, { start, end }, call);
  if (bytes === undefined) throw missing(segment, start, end);
  return bytes;
}

function missing(segment: SegmentReference, start: number, end: number, cause?: unknown): MissingBytesError {
  return new MissingBytesError(`segment ${segment.objectKey}`, { object: segment.objectKey, start, end }, cause);
}
