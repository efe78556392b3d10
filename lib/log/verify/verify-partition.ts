import { readAttemptsMax } from "../../base/limits.ts";
import { controlKey, headKey } from "../../storage/item-keys.ts";
import { type Control, decodeControl } from "../../storage/items/control.ts";
import type { Head } from "../../storage/items/head.ts";
import type { PartitionRef } from "../log-context.ts";
import { type Findings, itemFile } from "./damage.ts";
import { IndexWalk, type Walked } from "./index-walk.ts";
import { rawIndexItems, rawItemAt } from "./raw-index-items.ts";
import { tailPlace, verifyEntries } from "./verify-entry.ts";
import { verifyHead } from "./verify-head.ts";
import type { VerifyRun } from "./verify-run.ts";

export interface PartitionToVerify {
  readonly ref: PartitionRef;
  readonly topic: string;
  /** Offsets below were verified before. */
  readonly from: number;
  progress(offset: number, highWatermark: number): void;
}

/** Answers with the offset at which it was stopped; undefined when all has been looked at. */
export async function verifyPartition(run: VerifyRun, partition: PartitionToVerify): Promise<number | undefined> {
  let from = partition.from;
  for (let attempt = 1; ; attempt++) {
    const walked = await verifyFrom(run, { ...partition, from }, attempt >= readAttemptsMax);
    if (walked.kind === "done") run.tally.partitions++;
    if (walked.kind !== "moved") return walked.kind === "stopped" ? walked.at : undefined;
    from = walked.at;
  }
}

async function verifyFrom(run: VerifyRun, partition: PartitionToVerify, insist: boolean): Promise<Walked> {
  const { ref, topic, from } = partition;
  const report = (findings: Findings): void => run.report(findings, { topic, partition: ref.partition });
  const { head, control, findings } = await verifyHead(run, ref);
  if (head === undefined) {
    report(findings);
    return { kind: "done" };
  }
  const progress = (offset: number): void => partition.progress(offset, head.next);
  const walk = new IndexWalk(run, { ref, head, from, insist, report, progress });
  const walked = await walk.walk();
  if (walked.kind !== "done") return walked;
  const place = tailPlace(ref, head.epoch);
  const tail = await verifyEntries(run, place, head.tailBase, head.tail);
  if (tail.findings.length > 0 && !insist && (await run.headNow(ref))?.tailBase !== head.tailBase) {
    return { kind: "moved", at: head.tailBase };
  }
  report([...findings, ...tail.findings]);
  if (head.tail.length > 0 && !Number.isNaN(tail.end) && tail.end !== head.next) {
    const what = `its entries end at offset ${tail.end}, the high watermark is ${head.next}`;
    report([{ file: place.file, offsets: { from: tail.end, to: head.next }, what }]);
  }
  if (control !== undefined) {
    report(await wrongBeyond(run, ref, head, control));
    report(await unnamedBelow(run, ref, walk.leftBehind));
    if (from === 0) report(await wrongTotal(run, ref, head, control, walk.bytes + tail.bytes));
  }
  if (from === 0) run.unreferenced.segments += await unreferencedSegments(run, ref, walk.segments);
  return { kind: "done" };
}

/** At the tail base and above only a spill that is not yet trimmed may have put an item. */
async function wrongBeyond(run: VerifyRun, ref: PartitionRef, head: Head, control: Control): Promise<Findings> {
  const { items } = await rawIndexItems(run, ref, { from: head.tailBase, to: Number.MAX_SAFE_INTEGER });
  const beyond = items.filter(({ base }) => base >= Math.max(control.spilledEnd, head.tailBase));
  const file = itemFile(controlKey(ref.topicId, ref.partition));
  const wrong = beyond.map(({ key, base }) => {
    return { file: itemFile(key), offsets: { from: base, to: base }, what: "it is beyond what has been spilled" };
  });
  if ((wrong.length > 0 || control.spilledEnd < head.tailBase) && (await hasMoved(run, ref, head))) return [];
  if (control.spilledEnd >= head.tailBase) return wrong;
  const what = `its spilled end ${control.spilledEnd} is below the tail base ${head.tailBase}`;
  return [...wrong, { file, offsets: { from: control.spilledEnd, to: head.tailBase }, what }];
}

/** Rolls leave behind what is damaged, and the control names it: the collector looks for no other. */
async function unnamedBelow(run: VerifyRun, ref: PartitionRef, leftBehind: readonly number[]): Promise<Findings> {
  if (leftBehind.length === 0) return [];
  // Read now: it may have been left behind while this looked.
  const item = await run.stores.items.get(controlKey(ref.topicId, ref.partition), run.newCall());
  const named = new Set(item === undefined ? leftBehind : decodeControl(item).passedOver);
  const findings: Findings = [];
  for (const base of leftBehind) {
    const raw = named.has(base) ? undefined : await rawItemAt(run, ref, base);
    if (raw === undefined || typeof raw.item === "string" || raw.item.kind !== "entries") continue;
    const what = "it lies below segments, and the control does not name it: what it refers to may be collected";
    findings.push({ file: itemFile(raw.key), offsets: { from: raw.item.base, to: raw.item.end }, what });
  }
  return findings;
}

/** What was ever committed, less what has left the index, is what is there. */
async function wrongTotal(
  run: VerifyRun,
  ref: PartitionRef,
  head: Head,
  { removedBytes }: Control,
  bytes: number,
): Promise<Findings> {
  if (head.bytes - removedBytes === bytes || (await hasMoved(run, ref, head, removedBytes))) return [];
  const what = `it counts ${head.bytes} bytes, ${removedBytes} of them removed, where ${bytes} are`;
  return [{ file: itemFile(headKey(ref.topicId, ref.partition)), what }];
}

async function hasMoved(run: VerifyRun, ref: PartitionRef, head: Head, removedBytes?: number): Promise<boolean> {
  const now = await run.headNow(ref);
  if (now === undefined || now.tailBase !== head.tailBase || now.bytes !== head.bytes) return true;
  if (removedBytes === undefined) return false;
  const item = await run.stores.items.get(controlKey(ref.topicId, ref.partition), run.newCall());
  return item === undefined || decodeControl(item).removedBytes !== removedBytes;
}

/** Segments of the partition that no index item names: a collector's business, and no damage. */
async function unreferencedSegments(run: VerifyRun, ref: PartitionRef, known: ReadonlySet<string>): Promise<number> {
  let count = 0;
  for await (const { key } of run.objectsUnder(`topics/${ref.topicId}/${ref.partition}/`)) if (!known.has(key)) count++;
  return count;
}
