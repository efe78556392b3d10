import { isLogError, messageOf } from "../../base/errors.ts";
import type { TopicId } from "../../base/ids.ts";
import { headKey, stagedItemKey } from "../../storage/item-keys.ts";
import { decodeEntry, type Entry, entrySpanBytes } from "../../storage/items/entry.ts";
import { decodeStagedItem } from "../../storage/items/staged-item.ts";
import { stagedObjectKey } from "../../storage/object-keys.ts";
import { checkedHeader } from "../segment-file.ts";
import { type Findings, itemFile } from "./damage.ts";
import type { VerifyRun } from "./verify-run.ts";

export interface EntryPlace {
  readonly ref: { readonly topicId: TopicId; readonly partition: number };
  /** The head or index item that holds the entry. */
  readonly file: string;
  readonly epoch: number;
}

/** What the entries of one item come to. */
export interface EntriesSeen {
  readonly findings: Findings;
  readonly end: number;
  readonly bytes: number;
}

/** Entries that must tile a range from `base` on, each with the bytes that it refers to. */
export async function verifyEntries(
  run: VerifyRun,
  place: EntryPlace,
  base: number,
  entries: readonly { readonly base: number; readonly packed: Uint8Array }[],
): Promise<EntriesSeen> {
  const findings: Findings = [];
  let end = base;
  let bytes = 0;
  for (const { base: at, packed } of entries) {
    if (at !== end) findings.push(outOfPlace(place, at, end));
    const entry = decoded(packed, place, at, findings);
    if (entry === undefined) return { findings, end: Number.NaN, bytes };
    end = at + entry.records;
    if (entry.epoch > place.epoch) {
      const what = `an entry of leader epoch ${entry.epoch}, above the head's ${place.epoch}`;
      findings.push({ file: place.file, offsets: { from: at, to: end }, what });
    }
    bytes += await verifyEntry(run, place, at, entry, findings);
  }
  return { findings, end, bytes };
}

function outOfPlace(place: EntryPlace, at: number, expected: number): Findings[number] {
  const offsets = { from: Math.min(at, expected), to: Math.max(at, expected) };
  return { file: place.file, offsets, what: `an entry begins at offset ${at}, expected ${expected}` };
}

function decoded(packed: Uint8Array, place: EntryPlace, at: number, findings: Findings): Entry | undefined {
  try {
    return decodeEntry(packed);
  } catch (error) {
    findings.push({ file: place.file, offsets: { from: at, to: at }, what: messageOf(error) });
    return undefined;
  }
}

/** Checks the entry's bytes where they lie; answers with how many its batches have. */
async function verifyEntry(
  run: VerifyRun,
  place: EntryPlace,
  base: number,
  entry: Entry,
  findings: Findings,
): Promise<number> {
  run.tally.entries++;
  const source = await readSource(run, place, entry);
  if (typeof source.bytes === "string") {
    const offsets = { from: base, to: base + entry.records };
    findings.push({ file: source.file, bytes: source.range, offsets, what: source.bytes });
  } else checkBatches(run, { base, entry, ...source, bytes: source.bytes }, findings);
  return entry.batches.reduce((sum, batch) => sum + batch.bytes, 0);
}

interface Source {
  readonly file: string;
  readonly range: { readonly from: number; readonly to: number };
  /** What is wrong, in place of bytes. */
  readonly bytes: Uint8Array | string;
}

async function readSource(run: VerifyRun, { ref, file }: EntryPlace, entry: Entry): Promise<Source> {
  const { source } = entry;
  const length = entrySpanBytes(entry);
  switch (source.kind) {
    case "inline":
      return { file, range: { from: 0, to: length }, bytes: wholeSpan(source.bytes, length) };
    case "item": {
      const key = stagedItemKey(source.name);
      run.stagedItems.add(source.name);
      return {
        file: itemFile(key),
        range: { from: 0, to: length },
        bytes: await stagedBytes(run, source.name, ref, length),
      };
    }
    case "object": {
      const key = stagedObjectKey(source.object);
      run.stagedObjects.add(key);
      const start = source.position;
      const bytes = await run.stores.objects.get(key, run.newCall(), { start, end: start + length });
      return { file: key, range: { from: start, to: start + length }, bytes: wholeSpan(bytes, length) };
    }
  }
}

async function stagedBytes(
  run: VerifyRun,
  name: string,
  ref: EntryPlace["ref"],
  length: number,
): Promise<Uint8Array | string> {
  const item = await run.stores.items.get(stagedItemKey(name), run.newCall());
  if (item === undefined) return "it is referred to and does not exist";
  try {
    const staged = decodeStagedItem(item);
    if (staged.topicId !== ref.topicId || staged.partition !== ref.partition) return "it belongs to another partition";
    return wholeSpan(staged.bytes, length);
  } catch (error) {
    return messageOf(error);
  }
}

function wholeSpan(bytes: Uint8Array | undefined, length: number): Uint8Array | string {
  if (bytes === undefined) return "it is referred to and does not exist";
  return bytes.byteLength >= length ? bytes : `${bytes.byteLength} bytes where ${length} are referred to`;
}

interface Span {
  readonly base: number;
  readonly entry: Entry;
  readonly file: string;
  readonly range: { readonly from: number };
  readonly bytes: Uint8Array;
}

function checkBatches(run: VerifyRun, { base, entry, file, range, bytes }: Span, findings: Findings): void {
  let position = 0;
  let offset = base;
  let newest = -1;
  for (const batch of entry.batches) {
    position += batch.skippedBytes;
    const what = wrongWithBatch(bytes.subarray(position, position + batch.bytes), batch, (maxTimestamp) => {
      newest = Math.max(newest, maxTimestamp);
    });
    if (what !== undefined) {
      const at = { from: range.from + position, to: range.from + position + batch.bytes };
      findings.push({ file, bytes: at, offsets: { from: offset, to: offset + batch.records }, what });
    }
    position += batch.bytes;
    offset += batch.records;
    run.tally.batches++;
    run.tally.records += batch.records;
    run.tally.bytes += batch.bytes;
  }
  if (newest > entry.maxTimestamp) {
    const what = `a record of time ${newest} in an entry that names ${entry.maxTimestamp} as its newest`;
    findings.push({ file, offsets: { from: base, to: offset }, what });
  }
}

function wrongWithBatch(
  bytes: Uint8Array,
  batch: Entry["batches"][number],
  seen: (maxTimestamp: number) => void,
): string | undefined {
  try {
    const header = checkedHeader(bytes);
    if (header.batchBytes !== batch.bytes) return `a batch of ${header.batchBytes} bytes, expected ${batch.bytes}`;
    if (header.recordCount !== batch.records) {
      return `a batch of ${header.recordCount} records, expected ${batch.records}`;
    }
    seen(header.maxTimestamp);
    return undefined;
  } catch (error) {
    if (!isLogError(error)) throw error;
    return messageOf(error);
  }
}

/** The place of entries that are in a head's tail. */
export function tailPlace(ref: EntryPlace["ref"], epoch: number): EntryPlace {
  return { ref, epoch, file: itemFile(headKey(ref.topicId, ref.partition)) };
}
