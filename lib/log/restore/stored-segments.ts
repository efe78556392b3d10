import { type BatchHeader, endOffsetOf } from "../../records/batch-header.ts";
import { parseSegmentKey, parseSegmentPieceKey, type SegmentName, TOPICS_PREFIX } from "../../storage/object-keys.ts";
import type { PartitionRef } from "../log-context.ts";
import { SegmentFacts } from "../segment-facts.ts";
import { scanSegmentFile } from "../segment-file.ts";
import { chooseTiling } from "./choose-tiling.ts";
import type { RestoreRun } from "./restore-run.ts";
import { PlacedBatches, type StagedBatch } from "./staged-batches.ts";

export interface StoredSegment extends SegmentName {
  readonly key: string;
  readonly bytes: number;
}

/** A segment whose file has been read and is sound. */
export interface SoundSegment extends StoredSegment {
  readonly facts: SegmentFacts;
  readonly checksum: number;
}

export interface TiledPartition {
  /** Without overlap, in order. */
  readonly segments: readonly SoundSegment[];
  readonly superseded: number;
  /** What is staged and in none of them. */
  readonly beyond: readonly StagedBatch[];
  /** The largest stamp in any name. */
  readonly newestStamp: number;
}

/**
 * Chooses a partition's segments by their names, reads them, and chooses again without those that are damaged, until
 * all that are chosen are sound.
 */
export async function tilePartition(
  run: RestoreRun,
  ref: PartitionRef,
  staged: readonly StagedBatch[],
): Promise<TiledPartition> {
  const all = await listSegments(run, ref);
  const sound = new Map<string, SoundSegment>();
  const damaged = new Set<string>();
  for (;;) {
    const chosen = chooseTiling(all.filter(({ key }) => !damaged.has(key)));
    for (const segment of chosen) {
      if (sound.has(segment.key)) continue;
      run.checkStopped();
      const read = await readSegment(run, segment);
      if (read === undefined) damaged.add(segment.key);
      else sound.set(segment.key, read);
    }
    if (chosen.some(({ key }) => damaged.has(key))) continue;
    const segments = chosen.flatMap(({ key }) => sound.get(key) ?? []);
    tellLeft(run, all, segments, damaged);
    return {
      segments,
      superseded: all.length - segments.length - damaged.size,
      beyond: await beyondSegments(run, segments, staged),
      newestStamp: all.reduce((newest, { stamp }) => Math.max(newest, stamp), 0),
    };
  }
}

async function listSegments(run: RestoreRun, { topicId, partition }: PartitionRef): Promise<StoredSegment[]> {
  const segments: StoredSegment[] = [];
  for await (const { key, bytes } of run.objectsUnder(`${TOPICS_PREFIX}${topicId}/${partition}/`)) {
    const name = parseSegmentKey(key);
    // What a segment was composed of: the segment itself, if it came to be, holds it.
    if (parseSegmentPieceKey(key) !== undefined) continue;
    if (name === undefined) run.leave(key, "its name is no segment's");
    else segments.push({ ...name, key, bytes });
  }
  return segments;
}

/** Undefined when it is damaged, which is told. */
async function readSegment(run: RestoreRun, segment: StoredSegment): Promise<SoundSegment | undefined> {
  const facts = new SegmentFacts(segment.base);
  const wrong: string[] = [];
  const visitor = {
    batch(header: BatchHeader, position: number): void {
      if (header.baseOffset < facts.end || endOffsetOf(header) > segment.end) {
        wrong.push(`a batch of offset ${header.baseOffset} at byte ${position}, expected ${facts.end}`);
      }
      facts.add(header, position);
    },
    damage({ start, end }: { start: number; end: number }, how: string): void {
      wrong.push(`bytes ${start}-${end}: ${how}`);
    },
  };
  const scanned = await scanSegmentFile(run.objects, segment, visitor, run.newCall);
  run.bytes += scanned?.bytes ?? 0;
  if (scanned === undefined || wrong.length > 0) {
    run.leave(segment.key, wrong[0] ?? "it was listed, and does not exist");
    return undefined;
  }
  run.newestProducerId = Math.max(run.newestProducerId, facts.maxProducerId);
  return { ...segment, facts, checksum: scanned.checksum };
}

/** Segments whose offsets others do not answer for: with what was damaged, some of them is lost. */
function tellLeft(
  run: RestoreRun,
  all: readonly StoredSegment[],
  chosen: readonly SoundSegment[],
  damaged: ReadonlySet<string>,
): void {
  const taken = new Set(chosen.map(({ key }) => key));
  for (const { key, base, end } of all) {
    if (taken.has(key) || damaged.has(key)) continue;
    let at = base;
    for (const other of chosen) if (other.base <= at && other.end > at) at = other.end;
    if (at < end) run.leave(key, `it overlaps with what was taken, and alone has offsets from ${at}`);
  }
}

/** Reads the chosen segments once more where something is staged: only then is it known which of them count. */
async function beyondSegments(
  run: RestoreRun,
  segments: readonly SoundSegment[],
  staged: readonly StagedBatch[],
): Promise<readonly StagedBatch[]> {
  if (staged.length === 0) return staged;
  const placed = new PlacedBatches(staged);
  for (const segment of segments) {
    run.checkStopped();
    const visitor = { batch: (header: BatchHeader) => placed.meet(header), damage: () => undefined };
    await scanSegmentFile(run.objects, segment, visitor, run.newCall);
  }
  return placed.beyond(staged);
}
