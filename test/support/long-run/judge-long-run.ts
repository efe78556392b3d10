import { expect } from "vitest";
import { readHead } from "../../../lib/log/read-head.ts";
import { logBytes } from "../../../lib/log/retention/log-size.ts";
import { verifyLog } from "../../../lib/log/verify/verify-log.ts";
import { headKey } from "../../../lib/storage/item-keys.ts";
import { findOrphans } from "../../simulation/checkers/orphans.ts";
import { recordFigures } from "../figures.ts";
import { readKeyed } from "../log/keyed-records.ts";
import { testCall } from "../test-call.ts";
import { type LongRun, ROUND_MS } from "./long-run.ts";
import { KEPT_BYTES, KEPT_MS } from "./topic-plans.ts";

/** Upkeep without anybody at work: each may leave garbage that is too young for the next. */
const QUIET_ROUNDS = 3;
const QUIET_MS = 3_600_000;
/** Retention removes segments as a whole, and a topic has four of what it keeps at least. */
const KEPT_FACTOR_MAX = 1.5;

export interface Budget {
  /** Bytes that rolls and merges put or have copied, for each byte that was produced. */
  readonly rewrittenPerByte: number;
  /** Requests to the stores for each produce request, upkeep included. */
  readonly requestsPerProduce: number;
}

/** What must hold at the end of a long run: nothing lost, nothing damaged, nothing left behind, nothing overdone. */
export async function judgeLongRun(run: LongRun, name: string, budget: Budget): Promise<void> {
  const used = judgeCost(run, name, budget);
  expect(await run.problems()).toEqual([]);
  await judgeRetention(run);
  for (let round = 0; round < QUIET_ROUNDS; round++) {
    run.clock.skip(QUIET_MS);
    await run.upkeep();
  }
  expect(await run.problems()).toEqual([]);
  const { complete, damages, unreferenced } = await verifyLog(run.stores, { clock: run.clock });
  expect({ complete, damages }).toEqual({ complete: true, damages: [] });
  expect(unreferenced).toEqual({ segments: 0, stagedObjects: 0, stagedItems: 0 });
  expect(await findOrphans(run.stores)).toEqual([]);
  await judgeDeletedTopics(run);
  recordFigures(Object.fromEntries(used.map(([what, figure]) => [`${name}: ${what}`, figure])));
}

/** Of a deleted topic nothing is left under its own keys. */
async function judgeDeletedTopics({ stores, deletedTopics }: LongRun): Promise<void> {
  expect(deletedTopics.length).toBeGreaterThan(0);
  for (const { topicId, partitions } of deletedTopics) {
    expect((await stores.objects.list(`topics/${topicId}/`, testCall)).objects).toEqual([]);
    for (const partition of partitions.keys()) {
      const { pk } = headKey(topicId, partition);
      expect((await stores.items.query({ pk }, testCall)).items).toEqual([]);
    }
  }
}

/** What retention promises: nothing much older, or much more, than was asked for. */
async function judgeRetention(run: LongRun): Promise<void> {
  const { engine, clock } = run;
  for (const name of ["by-time", "stamped", "compacted-by-time"]) {
    for (const ref of run.refs(name)) {
      const { logStart } = await readHead(engine.context, ref, testCall);
      const [oldest] = await readKeyed(engine, ref, 100_000, logStart);
      const ageMs = clock.nowMs() - (oldest?.timestampMs ?? clock.nowMs());
      expect(ageMs, name).toBeLessThanOrEqual(KEPT_MS * KEPT_FACTOR_MAX + ROUND_MS);
    }
  }
  for (const ref of run.refs("by-size")) {
    const head = await readHead(engine.context, ref, testCall);
    const bytes = await logBytes(engine.context, ref, head, testCall);
    expect(bytes).toBeLessThanOrEqual(KEPT_BYTES * KEPT_FACTOR_MAX);
  }
}

function judgeCost(run: LongRun, name: string, budget: Budget): [string, number | string][] {
  const counted = (what: string): number => run.runtime.counted.get(what) ?? 0;
  const perByte = (bytes: number): number => Number((bytes / run.producedBytes).toFixed(2));
  const rolled = counted("log.roll.bytes");
  const merged = counted("log.merge.bytes.put");
  const copied = counted("log.merge.bytes.copied");
  const { counts } = run;
  const objectRequests = counts.objectPuts + counts.objectGets + counts.objectLists + counts.objectDeletes;
  const reads = counts.itemGets + counts.itemGetManys + counts.itemQueries;
  const writes = counts.itemUpdates + counts.itemTransacts;
  const perProduce = (requests: number): number => Number((requests / run.produceRequests).toFixed(2));
  expect(counted("log.compaction.records.removed"), `${name} compacts`).toBeGreaterThan(0);
  expect(counted("log.collect.objects"), `${name} collects`).toBeGreaterThan(0);
  expect(perByte(rolled + merged + copied), name).toBeLessThanOrEqual(budget.rewrittenPerByte);
  expect(perProduce(objectRequests + reads + writes), name).toBeLessThanOrEqual(budget.requestsPerProduce);
  expect(counts.failures, `${name}: requests that failed`).toBe(0);
  return [
    ["produce requests", run.produceRequests],
    ["bytes produced", run.producedBytes],
    ["restarts", run.restarts],
    ["topics deleted and made anew", run.deletedTopics.length],
    ["rolled per byte produced", perByte(rolled)],
    ["merged per byte produced, put by this process", perByte(merged)],
    ["merged per byte produced, copied by the store", perByte(copied)],
    ["compaction's writes per byte produced", perByte(counted("log.compaction.bytes.written"))],
    ["object puts per produce", perProduce(counts.objectPuts)],
    ["object requests per produce", perProduce(objectRequests)],
    ["item reads per produce", perProduce(reads)],
    ["item writes per produce", perProduce(writes)],
  ];
}
