import type { Call } from "../../base/call.ts";
import { LogError } from "../../base/errors.ts";
import { readAttemptsMax } from "../../base/limits.ts";
import { endOffsetOf } from "../../records/batch-header.ts";
import { decodeEntry } from "../../storage/items/entry.ts";
import type { Head, TailEntry } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { indexItemAt } from "../index-items.ts";
import { type LogContext, type PartitionRef, partitionName } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { entryBatches, type StandingBatch } from "./entry-batches.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { type SegmentBatch, type SegmentItem, SegmentReader } from "./segment-bytes.ts";
import { standingParts } from "./standing-parts.ts";

const RETRY_MS = 20;

export interface ReadLog {
  readonly head: Head;
  /** Whole batches in order, cut into parts; empty at the high watermark. */
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

/** Collects whole batches up to a limit; the first is taken whatever its size. */
class Collector {
  readonly parts: Uint8Array[] = [];
  bytes = 0;
  full = false;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get room(): number {
    return Math.max(0, this.#bytesMax - this.bytes);
  }

  /** Whether a batch of so many bytes would be taken. */
  fits(bytes: number): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.#bytesMax;
  }

  offer(bytes: number, parts: readonly Uint8Array[]): boolean {
    if (!this.fits(bytes)) {
      this.full = true;
      return false;
    }
    this.parts.push(...parts);
    this.bytes += bytes;
    if (this.bytes >= this.#bytesMax) this.full = true;
    return true;
  }
}

export interface ReadLogRequest {
  readonly offset: number;
  readonly bytesMax: number;
  readonly head?: Head | undefined;
  /** The index item that answers for the offset, where the caller has looked it up since it read `head`. */
  readonly first?: IndexItem | undefined;
}

/**
 * Batches from `offset` on, after a consistent read of the head. `OffsetOutOfRange` outside of [log start, high
 * watermark]. When index and bytes do not fit together, something was replaced meanwhile: all is read again,
 * and nothing is ever passed over.
 */
export async function readLog(
  context: LogContext,
  ref: PartitionRef,
  request: ReadLogRequest,
  call: Call,
): Promise<ReadLog> {
  let head = request.head ?? (await readHead(context, ref, call));
  for (let attempt = 1; ; attempt++) {
    checkRange(ref, head, request.offset);
    const collector = new Collector(request.bytesMax);
    try {
      const from = { offset: request.offset, first: attempt === 1 ? request.first : undefined };
      if (await collect(context, ref, head, from, collector, call)) {
        return { head, parts: collector.parts, bytes: collector.bytes };
      }
    } catch (error) {
      if (!(error instanceof MissingBytesError)) throw error;
      // Whatever is before the damage is not withheld; who asks for the damaged batch itself is told.
      if (collector.bytes > 0) return { head, parts: collector.parts, bytes: collector.bytes };
      if (attempt >= readAttemptsMax) throw error;
    }
    if (attempt >= readAttemptsMax)
      throw new LogError("KafkaStorageError", "the index has a gap", { details: { ...ref, offset: request.offset } });
    context.indexCache.forget(partitionName(ref));
    if (attempt > 1) await pause(context, call);
    head = await readHead(context, ref, call);
  }
}

async function pause(context: LogContext, call: Call): Promise<void> {
  try {
    await context.runtime.clock.sleep(RETRY_MS, call.signal);
  } catch (cause) {
    throw new LogError("RequestTimedOut", "the caller gave up while missing bytes were looked for", { cause });
  }
}

export function checkRange(ref: PartitionRef, head: Head, offset: number): void {
  if (offset >= head.logStart && offset <= head.next) return;
  throw new LogError("OffsetOutOfRange", `offset ${offset} is outside of ${head.logStart} to ${head.next}`, {
    details: { partition: ref.partition, offset, logStartOffset: head.logStart, highWatermark: head.next },
  });
}

/** False when the index does not answer for an offset that it must: look again. */
async function collect(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  from: { readonly offset: number; readonly first: IndexItem | undefined },
  collector: Collector,
  call: Call,
): Promise<boolean> {
  let { offset } = from;
  while (offset < head.next && !collector.full) {
    if (offset >= head.tailBase) {
      await collectEntries(context, head.tail, offset, collector, call);
      return true;
    }
    const known = offset === from.offset ? from.first : undefined;
    const item = known ?? (await lookUp(context, ref, offset, call));
    if (item === undefined) return false;
    if (item.kind === "entries") await collectEntries(context, item.entries, offset, collector, call);
    else if (item.kind === "segment")
      await collectSegment(context, item, { from: offset, until: head.next }, collector, call);
    offset = item.end;
  }
  return true;
}

export async function lookUp(
  context: LogContext,
  ref: PartitionRef,
  offset: number,
  call: Call,
): Promise<IndexItem | undefined> {
  const partition = partitionName(ref);
  const cached = context.indexCache.find(partition, offset);
  if (cached !== undefined) return cached;
  const item = await indexItemAt(context, ref, offset, call);
  if (item !== undefined) context.indexCache.keep(partition, item);
  return item;
}

async function collectEntries(
  context: LogContext,
  entries: readonly Pick<TailEntry, "base" | "packed">[],
  from: number,
  collector: Collector,
  call: Call,
): Promise<void> {
  for (const [index, { base, packed }] of entries.entries()) {
    const next = entries[index + 1];
    if (next !== undefined && next.base <= from) continue;
    const batches = await entryBatches(context, base, decodeEntry(packed), call);
    for (const batch of batches) if (batch.end > from && !offerStanding(collector, batch)) return;
    if (collector.full) return;
  }
}

function offerStanding(collector: Collector, batch: StandingBatch): boolean {
  return collector.offer(batch.bytes.byteLength, standingParts(batch));
}

/** Stops at `until`: a segment that was rolled since the head was read may reach beyond what the head shows. */
async function collectSegment(
  context: LogContext,
  item: SegmentItem,
  { from, until }: { readonly from: number; readonly until: number },
  collector: Collector,
  call: Call,
): Promise<void> {
  const { objectKey } = item.segment;
  const reader = new SegmentReader(context, item, from);
  while (!collector.full) {
    const batches = await reader.next(collector.room, call);
    let taken: SegmentBatch | undefined;
    for (const batch of batches) {
      if (batch.header.baseOffset >= until || !collector.offer(batch.bytes.byteLength, [batch.bytes])) break;
      taken = batch;
    }
    // Whoever reads on begins there.
    if (taken !== undefined) context.indexCache.notePosition(objectKey, endOffsetOf(taken.header), taken.endPosition);
    if (taken === undefined || taken !== batches.at(-1)) return;
    if (!collector.fits(reader.nextBytesMin)) collector.full = true;
  }
}
