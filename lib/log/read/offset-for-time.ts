import type { Call } from "../../base/call.ts";
import { decompressedBytesMax, readAttemptsMax } from "../../base/limits.ts";
import { readBatchHeader } from "../../records/batch-header.ts";
import { decodeBatch } from "../../records/decode-batch.ts";
import { decodeEntry } from "../../storage/items/entry.ts";
import type { Head } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { scanBatches } from "./scan-batches.ts";

export interface TimedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

type Search = (head: Head) => Promise<TimedOffset | undefined>;

/** The first record at or after `timestamp`, to the record; undefined when all are older. */
export function offsetForTime(
  context: LogContext,
  ref: PartitionRef,
  timestamp: number,
  call: Call,
): Promise<TimedOffset | undefined> {
  return searchConsistently(context, ref, call, async (head) => {
    const tooOld = (item: IndexItem): boolean => newestOf(item) < timestamp;
    for await (const batch of scanBatches(context, ref, head, head.logStart, call, tooOld)) {
      if (batch.maxTimestamp < timestamp) continue;
      const found = await firstInBatch(context, batch, head.logStart, timestamp);
      if (found !== undefined) return found;
    }
    return undefined;
  });
}

/** The first record that bears the largest timestamp of the log; undefined when the log is empty. */
export function offsetOfNewest(context: LogContext, ref: PartitionRef, call: Call): Promise<TimedOffset | undefined> {
  return searchConsistently(context, ref, call, async (head) => {
    let newest = -1;
    let best: TimedOffset | undefined;
    const passOver = (item: IndexItem): boolean => newestOf(item) <= newest;
    for await (const batch of scanBatches(context, ref, head, head.logStart, call, passOver)) {
      if (batch.maxTimestamp <= newest) continue;
      const found = await newestInBatch(context, batch, head.logStart, newest);
      if (found === undefined) continue;
      best = found;
      newest = found.timestamp;
    }
    return best;
  });
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

async function timesOf(context: LogContext, batch: Loadable): Promise<TimedOffset[]> {
  const { codecs } = context.runtime;
  const bytes = await batch.load();
  const records = await decodeBatch(bytes, { codecs, decompressedBytesMax, verifyCrc: false });
  // A batch that is not in a segment yet stands in its bytes at base offset 0.
  const shift = batch.base - readBatchHeader(bytes).baseOffset;
  return records.map((record) => ({ offset: record.offset + shift, timestamp: record.timestampMs }));
}
