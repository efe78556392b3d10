import { newCommitId, type Stamp, type TopicId } from "../../base/ids.ts";
import { type Random, randomName } from "../../base/random.ts";
import type { Item } from "../../storage/item-value.ts";
import { type EpochStart, newControl } from "../../storage/items/control.ts";
import { encodeEntry } from "../../storage/items/entry.ts";
import { newHead } from "../../storage/items/head.ts";
import type { IndexedEntry, IndexItem } from "../../storage/items/index-item.ts";
import { leapEpoch, leapOffset } from "./leap.ts";
import type { OffsetRange } from "./restore-report.ts";
import type { StagedBatch } from "./staged-batches.ts";
import type { SoundSegment } from "./stored-segments.ts";

/** Entries of one index item: some 15 KB. */
const ENTRIES_EACH = 100;

export interface PartitionSource {
  readonly topicId: TopicId;
  /** In order, without overlap. */
  readonly segments: readonly SoundSegment[];
  /** To be appended. */
  readonly staged: readonly StagedBatch[];
  readonly generation: number;
  /** At or above every stamp that the lost items may know: whatever bears one is refused for ever. */
  readonly horizon: Stamp;
  readonly random: Random;
}

/** Everything that is to stand in the items of a restored partition. */
export interface PartitionPlan {
  readonly items: readonly IndexItem[];
  readonly head: Item;
  readonly control: Item;
  readonly logStart: number;
  readonly end: number;
  readonly next: number;
  readonly epoch: number;
  readonly gaps: readonly OffsetRange[];
}

/** Segments with voids between them, a void up to the offsets that are given from now on, and what is staged. */
export function planPartition(source: PartitionSource): PartitionPlan {
  const { segments, staged, generation, topicId, horizon } = source;
  const logStart = segments[0]?.base ?? 0;
  const end = segments.at(-1)?.end ?? 0;
  const leapt = leapOffset(end, generation);
  const epochStarts = epochsOf(segments);
  const epoch = leapEpoch(epochStarts.at(-1)?.epoch ?? 0, generation);
  const gaps = gapsIn(segments);
  const entries = indexedEntries(source, leapt, epoch);
  const items = [
    ...segments.map((segment) => segmentItem(source, segment)),
    ...[...gaps, { from: end, to: leapt }].map(({ from, to }) => voidItem(source, from, to)),
    ...entries.items,
  ].sort((a, b) => a.base - b.base);
  const next = entries.end;
  const bytes = [...segments, ...staged].reduce((sum, each) => sum + each.bytes, 0);
  return {
    items,
    head: { ...newHead(topicId), epoch, next, logStart, tailBase: next, horizon, bytes },
    control: {
      ...newControl(topicId),
      spilledEnd: next,
      horizon,
      epochStarts: [...epochStarts, { epoch, startOffset: leapt }].map((start) => [start.epoch, start.startOffset]),
    },
    logStart,
    end,
    next,
    epoch,
    gaps,
  };
}

function segmentItem({ random, horizon }: PartitionSource, segment: SoundSegment): IndexItem {
  const { base, end, key: objectKey, bytes, checksum, facts } = segment;
  const { records, maxTimestamp, marks } = facts;
  const reference = { objectKey, bytes, checksum, records, maxTimestamp, marks, commits: [], forgotten: horizon };
  return { kind: "segment", base, end, tag: tagOf(random), segment: reference };
}

function voidItem({ random }: PartitionSource, base: number, end: number): IndexItem {
  return { kind: "void", base, end, tag: tagOf(random) };
}

function tagOf(random: Random): string {
  return randomName(random, 12);
}

function gapsIn(segments: readonly SoundSegment[]): OffsetRange[] {
  const gaps: OffsetRange[] = [];
  let at = segments[0]?.base ?? 0;
  for (const { base, end } of segments) {
    if (base > at) gaps.push({ from: at, to: base });
    at = end;
  }
  return gaps;
}

function epochsOf(segments: readonly SoundSegment[]): EpochStart[] {
  const starts: EpochStart[] = [{ epoch: 0, startOffset: 0 }];
  for (const { facts } of segments) {
    for (const start of facts.epochs) if (start.epoch > (starts.at(-1)?.epoch ?? 0)) starts.push(start);
  }
  return starts;
}

/** Staged batches as entries that refer to them where they are. */
function indexedEntries(
  source: PartitionSource,
  base: number,
  epoch: number,
): { readonly items: readonly IndexItem[]; readonly end: number } {
  const { staged, random, horizon } = source;
  const items: IndexItem[] = [];
  let end = base;
  for (let at = 0; at < staged.length; at += ENTRIES_EACH) {
    const first = end;
    const entries: IndexedEntry[] = [];
    for (const batch of staged.slice(at, at + ENTRIES_EACH)) {
      entries.push({ id: newCommitId(horizon, random), base: end, packed: packedEntry(batch, epoch) });
      end += batch.records;
    }
    items.push({ kind: "entries", base: first, end, tag: tagOf(random), entries });
  }
  return { items, end };
}

function packedEntry(batch: StagedBatch, epoch: number): Uint8Array {
  const { bytes, records, producer, maxTimestamp, object, position } = batch;
  const source = { kind: "object", object, position } as const;
  return encodeEntry({
    epoch,
    records,
    maxTimestamp,
    batches: [{ skippedBytes: 0, bytes, records, producer }],
    source,
  });
}
