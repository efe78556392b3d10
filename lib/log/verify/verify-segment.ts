import type { IndexItem, SegmentReference } from "../../storage/items/index-item.ts";
import { parseSegmentKey } from "../../storage/object-keys.ts";
import { SegmentFacts } from "../segment-facts.ts";
import { type ScannedFile, scanSegmentFile } from "../segment-file.ts";
import type { Findings } from "./damage.ts";
import type { EntryPlace } from "./verify-entry.ts";
import type { VerifyRun } from "./verify-run.ts";

type SegmentItem = Extract<IndexItem, { kind: "segment" }>;

/** A segment as its index item tells of it, against its file, batch by batch. */
export async function verifySegment(run: VerifyRun, place: EntryPlace, item: SegmentItem): Promise<Findings> {
  const { segment } = item;
  const findings: Findings = wrongName(place, item);
  const file = segment.objectKey;
  const walk = new SegmentWalk(item, place.epoch, findings);
  const scanned = await scanSegmentFile(run.stores.objects, { key: file, bytes: segment.bytes }, walk, run.newCall);
  run.tally.segments++;
  run.tally.batches += walk.batches;
  run.tally.records += walk.facts.records;
  run.tally.bytes += scanned?.bytes ?? 0;
  const offsets = { from: item.base, to: item.end };
  if (scanned === undefined) return [...findings, { file, offsets, what: "it is referred to and does not exist" }];
  return [...findings, ...(await wrongWhole(run, item, scanned, walk)).map((what) => ({ file, offsets, what }))];
}

function wrongName(place: EntryPlace, { base, end, segment }: SegmentItem): Findings {
  const name = parseSegmentKey(segment.objectKey);
  const { topicId, partition } = place.ref;
  const fits = name?.topicId === topicId && name.partition === partition && name.base === base && name.end === end;
  if (fits) return [];
  return [{ file: place.file, offsets: { from: base, to: end }, what: `it names ${segment.objectKey} for its range` }];
}

/** What is wrong with the file as a whole. */
async function wrongWhole(
  run: VerifyRun,
  { end, segment }: SegmentItem,
  scanned: ScannedFile,
  walk: SegmentWalk,
): Promise<string[]> {
  const wrong: string[] = [];
  if (scanned.bytes === segment.bytes && scanned.checksum !== segment.checksum) {
    wrong.push(`its checksum is ${scanned.checksum}, the index has ${segment.checksum}`);
  }
  const beyond = await run.stores.objects.get(segment.objectKey, run.newCall(), {
    start: segment.bytes,
    end: segment.bytes + 1,
  });
  if ((beyond?.byteLength ?? 0) > 0) wrong.push(`it is longer than the ${segment.bytes} bytes that the index has`);
  if (walk.damaged) return wrong;
  const { facts } = walk;
  if (facts.records !== segment.records)
    wrong.push(`it holds ${facts.records} records, the index has ${segment.records}`);
  if (facts.end > end) wrong.push(`it holds records up to offset ${facts.end}, beyond its end ${end}`);
  if (walk.dense && facts.end !== end) wrong.push(`its records end at offset ${facts.end}, expected ${end}`);
  if (facts.maxTimestamp > segment.maxTimestamp) {
    wrong.push(`it holds a record of time ${facts.maxTimestamp}, the index has ${segment.maxTimestamp} as the newest`);
  }
  const unmet = walk.unmetMark;
  if (unmet !== undefined) wrong.push(`no batch begins at byte ${unmet.position}, which the sparse index names`);
  return wrong;
}

class SegmentWalk {
  readonly facts: SegmentFacts;
  /** No record has been compacted away. */
  readonly dense: boolean;
  batches = 0;
  damaged = false;
  readonly #segment: SegmentReference;
  readonly #epoch: number;
  readonly #findings: Findings;
  #marksMet = 0;
  #lastEpoch = 0;

  constructor({ base, end, segment }: SegmentItem, epoch: number, findings: Findings) {
    this.facts = new SegmentFacts(base);
    this.dense = segment.records === end - base;
    this.#segment = segment;
    this.#epoch = epoch;
    this.#findings = findings;
  }

  /** The first mark of the sparse index at whose place no batch began. */
  get unmetMark(): SegmentReference["marks"][number] | undefined {
    return this.#segment.marks[this.#marksMet];
  }

  batch(header: Parameters<SegmentFacts["add"]>[0], position: number): void {
    const { facts } = this;
    this.batches++;
    const range = { start: position, end: position + header.batchBytes };
    const follows = this.dense ? header.baseOffset === facts.end : header.baseOffset >= facts.end;
    if (!follows && !this.damaged) {
      this.damage(range, `a batch begins at offset ${header.baseOffset}, expected ${facts.end}`);
    }
    if (header.leaderEpoch > this.#epoch || header.leaderEpoch < this.#lastEpoch) {
      const known = `after ${this.#lastEpoch}, under the head's ${this.#epoch}`;
      this.damage(range, `a batch of leader epoch ${header.leaderEpoch}, ${known}`);
    }
    this.#lastEpoch = header.leaderEpoch;
    this.#meetMark(header.baseOffset, position);
    facts.add(header, position);
  }

  damage(range: { readonly start: number; readonly end: number }, what: string): void {
    this.damaged = true;
    const offsets = { from: this.facts.end, to: this.facts.end };
    const bytes = { from: range.start, to: range.end };
    this.#findings.push({ file: this.#segment.objectKey, bytes, offsets, what });
  }

  #meetMark(offset: number, position: number): void {
    const mark = this.unmetMark;
    if (mark === undefined || mark.position !== position) return;
    this.#marksMet++;
    if (mark.offset !== offset) {
      const what = `the sparse index has offset ${mark.offset} for byte ${position}, where ${offset} begins`;
      this.#findings.push({ file: this.#segment.objectKey, offsets: { from: offset, to: mark.offset }, what });
    }
    if (mark.maxTimestampBefore < this.facts.maxTimestamp) {
      const what = `the sparse index says that nothing before byte ${position} is newer than ${mark.maxTimestampBefore}`;
      this.#findings.push({ file: this.#segment.objectKey, offsets: { from: offset, to: offset }, what });
    }
  }
}
