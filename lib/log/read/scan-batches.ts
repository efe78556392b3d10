import type { Call } from "../../base/call.ts";
import { endOffsetOf, hasProducer } from "../../records/batch-header.ts";
import { decodeEntry, type Entry, type EntryBatch } from "../../storage/items/entry.ts";
import type { Head } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { indexItemAt, indexItemsFrom } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { entryBatches } from "./entry-batches.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { SegmentReader } from "./segment-bytes.ts";

/** A batch met on the way, without its bytes unless asked for. */
export interface ScannedBatch {
  readonly base: number;
  readonly end: number;
  readonly producer: EntryBatch["producer"];
  /** No record of it is newer, ms; may be the largest of a whole commit. */
  readonly maxTimestamp: number;
  /** The batch's bytes; base offset and leader epoch may not be in place. */
  load(): Promise<Uint8Array>;
}

const SCAN_WINDOW_BYTES = 1024 * 1024;

/** The offset in an index item below which nothing is looked for; undefined dismisses the item unread. */
export type StartIn = (item: IndexItem) => number | undefined;

/**
 * All batches that end above `from`, in order, up to the head's high watermark, but for those that `startIn` passes
 * over. Fails with `MissingBytesError` when head and index do not fit together any more.
 */
export async function* scanBatches(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  from: number,
  call: Call,
  startIn: StartIn = () => from,
): AsyncGenerator<ScannedBatch> {
  let offset = from;
  if (offset < head.tailBase) {
    for await (const item of coveringItems(context, ref, offset, head.tailBase, call)) {
      if (item.base > offset) throw new MissingBytesError(`the index item of offset ${offset}`, { ...ref, offset });
      const start = startIn(item);
      if (start !== undefined) yield* scanItem(context, item, Math.max(from, start), call);
      offset = item.end;
    }
    if (offset < head.tailBase) throw new MissingBytesError(`the index item of offset ${offset}`, { ...ref, offset });
  }
  for (const { base, packed } of head.tail) yield* scanEntry(context, base, decodeEntry(packed), from, call);
}

async function* coveringItems(
  context: LogContext,
  ref: PartitionRef,
  from: number,
  to: number,
  call: Call,
): AsyncGenerator<IndexItem> {
  const first = await indexItemAt(context, ref, from, call);
  if (first === undefined) return;
  yield first;
  yield* indexItemsFrom(context, ref, { from: first.end, to }, call);
}

async function* scanItem(context: LogContext, item: IndexItem, from: number, call: Call): AsyncGenerator<ScannedBatch> {
  if (item.kind === "entries") {
    for (const { base, packed } of item.entries) yield* scanEntry(context, base, decodeEntry(packed), from, call);
  }
  if (item.kind !== "segment") return;
  const reader = new SegmentReader(context, item, from);
  for (;;) {
    const batches = await reader.next(SCAN_WINDOW_BYTES, call);
    if (batches.length === 0) return;
    for (const { bytes, header } of batches) {
      const producer = hasProducer(header)
        ? { id: header.producerId, epoch: header.producerEpoch, baseSequence: header.baseSequence }
        : undefined;
      const load = (): Promise<Uint8Array> => Promise.resolve(bytes);
      yield { base: header.baseOffset, end: endOffsetOf(header), producer, maxTimestamp: header.maxTimestamp, load };
    }
  }
}

function* scanEntry(
  context: LogContext,
  base: number,
  entry: Entry,
  from: number,
  call: Call,
): Generator<ScannedBatch> {
  let offset = base;
  for (const [index, batch] of entry.batches.entries()) {
    const end = offset + batch.records;
    const load = async (): Promise<Uint8Array> => {
      const loaded = (await entryBatches(context, base, entry, call))[index];
      if (loaded === undefined) throw new MissingBytesError("a batch", { base, index });
      return loaded.bytes;
    };
    if (end > from) yield { base: offset, end, producer: batch.producer, maxTimestamp: entry.maxTimestamp, load };
    offset = end;
  }
}
