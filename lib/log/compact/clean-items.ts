import { crc32c } from "../../base/crc32c.ts";
import { isLogError } from "../../base/errors.ts";
import { commitStamp } from "../../base/ids.ts";
import { readAttemptsMax, rollInputsMax } from "../../base/limits.ts";
import { readBatchHeader } from "../../records/batch-header.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import { indexItemBytes, newestTimeOf } from "../index-item-facts.ts";
import { mergesOf, type SettledItem } from "../merge/choose-merge-inputs.ts";
import { mergeLimits } from "../merge/merge-limits.ts";
import { SegmentFacts } from "../segment-facts.ts";
import { SegmentWriter } from "../segment-writer.ts";
import { swapIndexItems } from "../swap-index-items.ts";
import type { Compaction, CompactionFigures, Pass } from "./compaction.ts";
import { filterBatch } from "./filter-batch.ts";
import { isStopped, isUnrolled, passedOver } from "./pass-over.ts";
import { ReplacedError, segmentBatches, within } from "./segment-records.ts";
import { itemAt, itemsFrom } from "./survey.ts";

/**
 * Goes through all items below the pass's end, some neighbours at a time, and puts in the place of those that hold
 * anything superfluous one without it. False unless every one of them was seen to.
 */
export async function cleanItems(
  compaction: Compaction,
  pass: Pass,
  from: number,
  figures: CompactionFigures,
): Promise<boolean> {
  let offset = from;
  let complete = true;
  let failures = 0;
  while (offset < pass.end) {
    if (isStopped(compaction)) return false;
    const group = await nextGroup(compaction, offset, pass.end);
    const last = group.at(-1);
    if (last === undefined) {
      const left = await itemAt(compaction, offset, pass.end);
      if (left === undefined || isUnrolled(compaction, left)) return false;
      complete = false;
      offset = left.end;
      continue;
    }
    const outcome = await cleanGroup(compaction, pass, group, figures);
    if (outcome === "again" && ++failures < readAttemptsMax) continue;
    if (outcome !== "done") complete = false;
    failures = 0;
    offset = last.end;
  }
  return complete;
}

/**
 * Neighbours that together are no larger than a segment shall be, nor so far apart in time that retention, where the
 * topic has one, would keep much more than was asked for; a damaged one stands alone.
 */
async function nextGroup(compaction: Compaction, from: number, to: number): Promise<SettledItem[]> {
  const { context, ref, rules, damaged } = compaction;
  const limits = mergeLimits(context.settings, rules);
  const spanMs = rules.cleanup.delete ? limits.spanMs : Number.POSITIVE_INFINITY;
  let startedAtMs: number | undefined;
  const group: SettledItem[] = [];
  let bytes = 0;
  for await (const item of itemsFrom(context, ref, { from, to }, () => within(compaction))) {
    if (item.kind === "entries" || group.length === rollInputsMax) break;
    const broken = item.kind === "segment" && damaged.has(item.segment.objectKey);
    bytes += indexItemBytes(item);
    const time = newestTimeOf(item) ?? startedAtMs;
    startedAtMs ??= time;
    const apart = Math.abs((time ?? 0) - (startedAtMs ?? 0)) > spanMs;
    if (group.length > 0 && (broken || apart || bytes > limits.bytes)) break;
    group.push(item);
    if (broken) break;
  }
  return group;
}

/** "again" when something of it was replaced meanwhile; "left" when it cannot be seen to. */
async function cleanGroup(
  compaction: Compaction,
  pass: Pass,
  group: readonly SettledItem[],
  figures: CompactionFigures,
): Promise<"done" | "again" | "left"> {
  const { damaged } = compaction;
  if (group.some((item) => item.kind === "segment" && damaged.has(item.segment.objectKey))) return "left";
  try {
    if (!(await hasSuperfluous(compaction, pass, group, figures))) return "done";
    return (await rewrite(compaction, pass, group, figures)) ? "done" : "again";
  } catch (error) {
    if (error instanceof ReplacedError) return "again";
    // The others of the group are seen to once more, without the damaged one.
    if (isLogError(error) && passedOver(compaction, error)) return "again";
    throw error;
  }
}

/** Reads until something is found that has to go, and writes nothing. */
async function hasSuperfluous(
  compaction: Compaction,
  pass: Pass,
  group: readonly SettledItem[],
  figures: CompactionFigures,
): Promise<boolean> {
  const counted = { ...figures, tombstonesDueMs: Number.POSITIVE_INFINITY };
  for (const item of group) {
    if (item.kind === "void") continue;
    for await (const batch of segmentBatches(compaction, item, item.base)) {
      figures.bytesRead += batch.bytes.byteLength;
      if ((await filterBatch(compaction, pass, batch, counted)).changed) return true;
    }
  }
  figures.tombstonesDueMs = Math.min(figures.tombstonesDueMs, counted.tombstonesDueMs);
  return false;
}

async function rewrite(
  compaction: Compaction,
  pass: Pass,
  group: readonly SettledItem[],
  figures: CompactionFigures,
): Promise<boolean> {
  const { context, ref } = compaction;
  const segments = group.filter((item) => item.kind === "segment");
  const ids = segments.flatMap(({ segment }) => segment.commits);
  if (ids.some(({ id }) => commitStamp(id) > compaction.forgotten)) return false;
  const base = group[0]?.base ?? 0;
  const end = group.at(-1)?.end ?? 0;
  const stamp = context.stamps.next();
  const writer = new SegmentWriter(context, { ref, base, end, stamp });
  const facts = new SegmentFacts(base);
  const counted = { ...figures };
  let bytes = 0;
  let checksum = 0;
  for (const item of segments) {
    for await (const batch of segmentBatches(compaction, item, item.base)) {
      counted.bytesRead += batch.bytes.byteLength;
      const filtered = (await filterBatch(compaction, pass, batch, counted)).bytes;
      if (filtered === undefined) continue;
      const kept = filtered === batch.bytes ? new Uint8Array(filtered) : filtered;
      facts.add(readBatchHeader(kept), bytes);
      checksum = crc32c(kept, checksum);
      bytes += kept.byteLength;
      await writer.write([kept], compaction.call);
    }
  }
  const content =
    bytes === 0
      ? { kind: "void" as const }
      : {
          kind: "segment" as const,
          segment: await finish(compaction, writer, segments, { bytes, checksum, facts }),
        };
  if (!(await swapIndexItems(context, ref, { inputs: group, content, stamp }, within(compaction)))) return false;
  Object.assign(figures, counted, { bytesWritten: counted.bytesWritten + bytes });
  return true;
}

async function finish(
  compaction: Compaction,
  writer: SegmentWriter,
  segments: readonly (SettledItem & { kind: "segment" })[],
  { bytes, checksum, facts }: { readonly bytes: number; readonly checksum: number; readonly facts: SegmentFacts },
): Promise<SegmentReference> {
  const { objectKey } = await writer.finish(compaction.call);
  const { records, maxTimestamp, marks } = facts;
  const forgotten = Math.max(compaction.forgotten, ...segments.map(({ segment }) => segment.forgotten));
  const merges = Math.max(0, ...segments.map(mergesOf));
  return {
    objectKey,
    bytes,
    checksum,
    records,
    maxTimestamp,
    marks,
    commits: [],
    forgotten: forgotten as SegmentReference["forgotten"],
    ...(merges === 0 ? {} : { merges }),
  };
}
