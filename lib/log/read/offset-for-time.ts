import type { Call } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { decompressedBytesMax, readAttemptsMax } from "../../base/limits.ts";
import { readBatchHeader } from "../../records/batch-header.ts";
import { decodeBatch } from "../../records/decode-batch.ts";
import { decodeEntry } from "../../storage/items/entry.ts";
import type { Head } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { type StartIn, scanBatches } from "./scan-batches.ts";

export interface TimedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

type Search = (head: Head) => Promise<TimedOffset | undefined>;

/**
 * The first record at or after `timestamp`, to the record; undefined when all are older. Reads the head, the index
 * items in pages, and of the one segment that holds it what lies between two marks of its sparse index.
 */
export function offsetForTime(
  context: LogContext,
  ref: PartitionRef,
  timestamp: number,
  call: Call,
): Promise<TimedOffset | undefined> {
  return searchConsistently(context, ref, call, (head) => firstSince(context, ref, head, timestamp, call));
}

async function firstSince(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  timestamp: number,
  call: Call,
): Promise<TimedOffset | undefined> {
  const startIn: StartIn = (item) => (newestOf(item) < timestamp ? undefined : firstPlaceFor(item, timestamp));
  for await (const batch of scanBatches(context, ref, head, head.logStart, call, startIn)) {
    if (batch.maxTimestamp < timestamp) continue;
    const found = await firstInBatch(context, batch, head.logStart, timestamp);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where in an item the first record at or after `timestamp` may be at the earliest: its last mark that is too old. */
function firstPlaceFor(item: IndexItem, timestamp: number): number {
  if (item.kind !== "segment") return item.base;
  const { marks } = item.segment;
  let low = 0;
  let high = marks.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((marks[middle]?.maxTimestampBefore ?? timestamp) < timestamp) low = middle;
    else high = middle - 1;
  }
  return marks[low]?.offset ?? item.base;
}

/** The first record that bears the largest timestamp of the log; undefined when the log is empty. */
export function offsetOfNewest(context: LogContext, ref: PartitionRef, call: Call): Promise<TimedOffset | undefined> {
  return searchConsistently(context, ref, call, async (head) => {
    const newest = await newestTime(context, ref, head, call);
    if (newest < 0) return undefined;
    const found = await firstSince(context, ref, head, newest, call);
    // What a batch's header claims, none of its records needs to bear: then every candidate is looked into.
    return found?.timestamp === newest ? found : newestByRecords(context, ref, head, call);
  });
}

/** The largest time that the index and the tail know, without reading any batch; -1 when none has one. */
async function newestTime(context: LogContext, ref: PartitionRef, head: Head, call: Call): Promise<number> {
  let newest = -1;
  const startIn: StartIn = (item) => {
    newest = Math.max(newest, newestOf(item));
    return undefined;
  };
  for await (const batch of scanBatches(context, ref, head, head.logStart, call, startIn)) {
    newest = Math.max(newest, batch.maxTimestamp);
  }
  return newest;
}

async function newestByRecords(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  call: Call,
): Promise<TimedOffset | undefined> {
  let newest = -1;
  let best: TimedOffset | undefined;
  const startIn: StartIn = (item) => (newestOf(item) <= newest ? undefined : item.base);
  for await (const batch of scanBatches(context, ref, head, head.logStart, call, startIn)) {
    if (batch.maxTimestamp <= newest) continue;
    const found = await newestInBatch(context, batch, head.logStart, newest);
    if (found === undefined) continue;
    best = found;
    newest = found.timestamp;
  }
  return best;
}

async function searchConsistently(
  context: LogContext,
  ref: PartitionRef,
  call: Call,
  search: Search,
): Promise<TimedOffset | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await search(await readHead(context, ref, call));
    } catch (error) {
      if (!(error instanceof MissingBytesError) || attempt >= readAttemptsMax) throw error;
    }
  }
}

function newestOf(item: IndexItem): number {
  switch (item.kind) {
    case "segment":
      return item.segment.maxTimestamp;
    case "entries":
      return Math.max(-1, ...item.entries.map((entry) => decodeEntry(entry.packed).maxTimestamp));
    case "void":
      return -1;
  }
}

interface Loadable {
  readonly base: number;
  load(): Promise<Uint8Array>;
}

async function firstInBatch(
  context: LogContext,
  batch: Loadable,
  logStart: number,
  timestamp: number,
): Promise<TimedOffset | undefined> {
  const records = await timesOf(context, batch);
  return records.find((record) => record.offset >= logStart && record.timestamp >= timestamp);
}

async function newestInBatch(
  context: LogContext,
  batch: Loadable,
  logStart: number,
  above: number,
): Promise<TimedOffset | undefined> {
  let best: TimedOffset | undefined;
  for (const record of await timesOf(context, batch)) {
    if (record.offset >= logStart && record.timestamp > (best?.timestamp ?? above)) best = record;
  }
  return best;
}

/**
 * A compressed batch is stored unread, and a producer may have sent one that nobody can read: it stands for a record
 * at its first offset, of the newest time that its header tells. Whoever reads there is told what is wrong.
 */
async function timesOf(context: LogContext, batch: Loadable): Promise<readonly TimedOffset[]> {
  const { codecs } = context.runtime;
  const bytes = await batch.load();
  const header = readBatchHeader(bytes);
  try {
    const records = await decodeBatch(bytes, { codecs, decompressedBytesMax, verifyCrc: false });
    // A batch that is not in a segment yet stands in its bytes at base offset 0.
    const shift = batch.base - header.baseOffset;
    return records.map((record) => ({ offset: record.offset + shift, timestamp: record.timestampMs }));
  } catch (error) {
    if (!isLogError(error, "CorruptMessage", "InvalidRecord", "RecordTooLarge")) throw error;
    return [{ offset: batch.base, timestamp: header.maxTimestamp }];
  }
}
