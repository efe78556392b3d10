import type { Stamp } from "../../base/ids.ts";
import { itemAbsent, type TransactPart } from "../../storage/item-change.ts";
import { controlKey, headKey, indexKey } from "../../storage/item-keys.ts";
import { decodeHead } from "../../storage/items/head.ts";
import { encodeIndexItem } from "../../storage/items/index-item.ts";
import { type PartitionRef, partitionName } from "../log-context.ts";
import { policiesOf } from "../topics/config-rules.ts";
import type { StoredTopic } from "../topics/topic-object.ts";
import { leapProducerIds } from "./leap-producer-ids.ts";
import { type PartitionPlan, planPartition } from "./plan-partition.ts";
import type { RestoredPartition } from "./restore-report.ts";
import type { RestoreRun } from "./restore-run.ts";
import { type StagedBatch, type StagedPlaces, stagedBatches } from "./staged-batches.ts";
import { tilePartition } from "./stored-segments.ts";

/** Index items of one transaction: with sparse indexes of the largest segments well below its limit. */
const ITEMS_EACH = 20;

/**
 * Brings one partition back. Its head comes last: as long as there is none, an interrupted attempt counts for
 * nothing, and the next one begins by clearing away what it left.
 */
export async function restorePartition(
  run: RestoreRun,
  topic: StoredTopic,
  partition: number,
  places: StagedPlaces,
): Promise<RestoredPartition> {
  const ref = { topicId: topic.topicId, partition };
  const before = await restoredBefore(run, ref);
  if (before !== undefined) return before;
  const staged = await stagedBatches(run, places.get(partitionName(ref)) ?? []);
  const tiled = await tilePartition(run, ref, staged);
  const newest = staged.reduce((most, { object }) => Math.max(most, object.stamp), tiled.newestStamp);
  const appended = run.options.appendStaged === true ? appendable(run, topic, tiled.beyond) : [];
  const { runtime } = run.options;
  const plan = planPartition({
    topicId: topic.topicId,
    segments: tiled.segments,
    staged: appended,
    generation: run.generation,
    horizon: Math.max(runtime.clock.nowMs(), newest) as Stamp,
    random: runtime.random,
  });
  await leapProducerIds(run);
  await clearIndex(run, ref);
  await writePlan(run, ref, plan);
  const told = run.options.appendStaged === true ? appended : tiled.beyond;
  return {
    partition,
    before: false,
    segments: tiled.segments.length,
    records: tiled.segments.reduce((sum, { facts }) => sum + facts.records, 0),
    bytes: tiled.segments.reduce((sum, { bytes }) => sum + bytes, 0),
    logStart: plan.logStart,
    end: plan.end,
    highWatermark: plan.next,
    leaderEpoch: plan.epoch,
    gaps: plan.gaps,
    superseded: tiled.superseded,
    staged: {
      batches: told.length,
      records: told.reduce((sum, { records }) => sum + records, 0),
      appended: run.options.appendStaged === true,
    },
  };
}

/** Of a batch without a producer nobody can tell whether a compaction has taken it in: it stays where it is. */
function appendable(run: RestoreRun, topic: StoredTopic, beyond: readonly StagedBatch[]): readonly StagedBatch[] {
  if (!policiesOf(topic.configs["cleanup.policy"] ?? "delete").includes("compact")) return beyond;
  const known = beyond.filter(({ producer }) => producer !== undefined);
  if (known.length < beyond.length) {
    const what = `${beyond.length - known.length} staged batches without a producer`;
    run.leave(`topics/${topic.topicId}/`, `${what} of a compacted topic: they may be older than what it holds`);
  }
  return known;
}

async function restoredBefore(run: RestoreRun, ref: PartitionRef): Promise<RestoredPartition | undefined> {
  const item = await run.items.get(headKey(ref.topicId, ref.partition), run.newCall());
  if (item === undefined) return undefined;
  const { logStart, next, epoch } = decodeHead(item);
  const nothing = { segments: 0, records: 0, bytes: 0, gaps: [], superseded: 0 };
  const staged = { batches: 0, records: 0, appended: false };
  const known = { logStart, end: next, highWatermark: next, leaderEpoch: epoch };
  return { partition: ref.partition, before: true, ...nothing, ...known, staged };
}

async function clearIndex(run: RestoreRun, ref: PartitionRef): Promise<void> {
  const first = indexKey(ref.topicId, ref.partition, 0);
  const last = indexKey(ref.topicId, ref.partition, Number.MAX_SAFE_INTEGER);
  for (;;) {
    const page = await run.items.query({ pk: first.pk, from: first.sk, to: last.sk, limit: ITEMS_EACH }, run.newCall());
    if (page.items.length === 0) return;
    await write(
      run,
      ref,
      page.items.map(({ key }) => ({ kind: "delete", key, conditions: [] })),
    );
  }
}

async function writePlan(run: RestoreRun, ref: PartitionRef, plan: PartitionPlan): Promise<void> {
  for (let at = 0; at < plan.items.length; at += ITEMS_EACH) {
    run.checkStopped();
    const puts = plan.items.slice(at, at + ITEMS_EACH).map((item): TransactPart => {
      const key = indexKey(ref.topicId, ref.partition, item.base);
      return { kind: "put", key, item: encodeIndexItem(item), conditions: [] };
    });
    await write(run, ref, puts);
  }
  const { topicId, partition } = ref;
  await run.commit([
    { kind: "put", key: controlKey(topicId, partition), item: plan.control, conditions: [] },
    { kind: "put", key: headKey(topicId, partition), item: plan.head, conditions: [itemAbsent] },
  ]);
}

/** Writes as long as the partition has no head. */
function write(run: RestoreRun, { topicId, partition }: PartitionRef, parts: readonly TransactPart[]): Promise<void> {
  return run.commit([{ kind: "check", key: headKey(topicId, partition), conditions: [itemAbsent] }, ...parts]);
}
