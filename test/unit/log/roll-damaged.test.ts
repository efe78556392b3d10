import { describe, expect, test } from "vitest";
import { damageBelievedMs, passedOverMax, stampAgeMsMax } from "../../../lib/base/limits.ts";
import type { Logger } from "../../../lib/base/logger.ts";
import { collectBatch } from "../../../lib/log/collect/collect-batch.ts";
import { COLLECTION_START } from "../../../lib/log/collect/collection-place.ts";
import { compactPartition } from "../../../lib/log/compact/compact-partition.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { readPassedOver } from "../../../lib/log/roll/passed-over.ts";
import { rollOld } from "../../../lib/log/roll/roll-old.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { rollPassedOver } from "../../../lib/log/roll/roll-passed-over.ts";
import { spill } from "../../../lib/log/spill.ts";
import { openStoreIdentity } from "../../../lib/log/store-identity.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { equal, remove, set } from "../../../lib/storage/item-change.ts";
import { controlKey } from "../../../lib/storage/item-keys.ts";
import { CONTROL } from "../../../lib/storage/items/control.ts";
import { flipped, rewrite, verify } from "../../support/log/damages.ts";
import { isSwap } from "../../support/log/intercepted.ts";
import { batchOf, readAll } from "../../support/log/records-of.ts";
import { indexOf, rollAll } from "../../support/log/segments-of.ts";
import { append, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };
const STAGED = { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } };

/** Keys of the staged objects, one per batch, in the order of appending. */
async function stagedKeys(log: TestLog): Promise<string[]> {
  return (await log.objects.list("staged/", testCall)).objects.map(({ key }) => key);
}

/** Each index item holds two commits of one record, each a staged object of its own; nothing in the tail. */
async function spilledLog(items: number): Promise<{ log: TestLog; ref: PartitionRef }> {
  const log = new TestLog();
  await openStoreIdentity(log.engine().context, log.runtime(), testCall);
  const ref = await log.partition();
  await appendItems(log, ref, items);
  return { log, ref };
}

async function appendItems(log: TestLog, ref: PartitionRef, items: number): Promise<void> {
  const engine = log.engine({ settings: STAGED });
  for (let at = 0; at < items; at++) {
    for (const part of ["a", "b"]) {
      await append(engine, ref, batchOf([`${at}${part}`]));
      log.clock.advance(1);
    }
    await spill(engine.context, ref, testCall);
  }
}

async function damage(log: TestLog, at: number): Promise<void> {
  const key = (await stagedKeys(log))[at] ?? "";
  await rewrite(log, key, (bytes) => flipped(bytes, bytes.byteLength - 3));
}

const kindsOf = async (log: TestLog, ref: PartitionRef) =>
  (await indexOf(log, ref)).map(({ kind, base, end }) => `${kind} ${base}-${end}`);

async function collectAll(log: TestLog): Promise<number> {
  const { context } = log.engine();
  const { incarnation } = await openStoreIdentity(context, log.runtime(), testCall);
  const rules = { incarnation, ageMs: 0, dryRun: false };
  const { collected } = await collectBatch(context, rules, COLLECTION_START, testCall);
  return collected.objects;
}

describe("a roll that meets damage", () => {
  test("leaves the damaged item as it is, says so, and makes segments of what is before and behind it", async () => {
    const { log, ref } = await spilledLog(5);
    await damage(log, 4);
    const errors: object[] = [];
    const logger = { error: (_: string, fields?: object) => errors.push(fields ?? {}), warn: () => undefined };
    const engine = log.engine({ logger: { ...log.runtime().logger, ...logger } as Logger });
    await rollAll(engine, ref);
    expect(await kindsOf(log, ref)).toEqual(["segment 0-4", "entries 4-6", "segment 6-10"]);
    expect(await readPassedOver(engine.context, ref, testCall)).toEqual([4]);
    expect(errors).toMatchObject([{ ...ref, fromOffset: 4, toOffset: 6, source: expect.stringContaining("staged") }]);
    expect(log.counts.get("log.entries.damaged")).toBe(1);
    expect(await readAll(log.engine(), ref, 6)).toEqual(["6:3a", "7:3b", "8:4a", "9:4b"]);
    expect(await readAll(log.engine(), ref, 5)).toHaveLength(5);
    expect((await refusalOf(() => readAll(log.engine(), ref, 4))).code).toBe("CorruptObject");
  });

  test("goes on rolling what is appended later, by brokers that know of the damage and by others", async () => {
    const { log, ref } = await spilledLog(2);
    await damage(log, 0);
    const engine = log.engine();
    await rollAll(engine, ref);
    for (const each of [engine, log.engine()]) {
      await appendItems(log, ref, 2);
      await rollAll(each, ref);
    }
    expect(await kindsOf(log, ref)).toEqual(["entries 0-2", "segment 2-4", "segment 4-8", "segment 8-12"]);
  });

  test("takes the oldest first though damage lies below and hundreds of items wait", async () => {
    const { log, ref } = await spilledLog(1);
    const engine = log.engine({ settings: STAGED });
    await append(engine, ref, batchOf(Array.from({ length: 300 }, (_, at) => `many ${at}`)));
    log.clock.advance(1);
    await spill(engine.context, ref, testCall);
    await damage(log, 2);
    await appendItems(log, ref, 1);
    await rollAll(log.engine(), ref);
    await appendItems(log, ref, 110);
    await rollAll(log.engine(), ref);
    const unrolled = (await indexOf(log, ref)).filter(({ kind }) => kind === "entries");
    expect(unrolled.map(({ base }) => base)).toEqual([2]);
    expect(await readAll(log.engine(), ref, 302)).toHaveLength(222);
  });

  test("keeps everything that a damaged item refers to from collection, also what is sound of it", async () => {
    const { log, ref } = await spilledLog(3);
    await damage(log, 3);
    const kept = (await stagedKeys(log)).slice(2, 4);
    await rollAll(log.engine(), ref);
    log.clock.advance(1000);
    expect(await collectAll(log)).toBe(4);
    expect(await stagedKeys(log)).toEqual(kept);
  });

  test("that goes past damage while a collector looks does not get the damaged item's bytes collected", async () => {
    const { log, ref } = await spilledLog(60);
    await damage(log, 0);
    const [kept, sound] = await stagedKeys(log);
    log.clock.advance(1000);
    let rolledAt = 0;
    // Between the collector's first page of the index and its next, everything but the damaged item becomes a segment.
    const collector = log.engine({
      items: async (passing, proceed) => {
        const answer = await proceed();
        const query = passing.args[0] as { reverse?: boolean };
        if (passing.operation === "query" && query.reverse === true && rolledAt++ === 0)
          await rollAll(log.engine(), ref);
        return answer;
      },
    });
    const { incarnation } = await openStoreIdentity(collector.context, log.runtime(), testCall);
    await collectBatch(collector.context, { incarnation, ageMs: 0, dryRun: false }, COLLECTION_START, testCall);
    expect(rolledAt).toBeGreaterThan(0);
    expect(await stagedKeys(log)).toEqual(expect.arrayContaining([kept, sound]));
  });

  test("notes what it goes past in the transaction that does: of two rolls that disagree, one is refused", async () => {
    const { log, ref } = await spilledLog(3);
    await damage(log, 0);
    const engine = log.engine({
      items: async (passing, proceed) => {
        if (!isSwap(passing)) return proceed();
        await log.items.update(controlKey(ref.topicId, 0), [set(CONTROL.passedOver, [77])], [], testCall);
        return proceed();
      },
    });
    expect(await rollPartition(engine.context, ref, WHOLE, testCall)).toBe(0);
    expect(await kindsOf(log, ref)).toEqual(["entries 0-2", "entries 2-4", "entries 4-6"]);
  });

  test("does not go past more damage than the control can name", async () => {
    const { log, ref } = await spilledLog(2);
    await damage(log, 0);
    const named = Array.from({ length: passedOverMax }, (_, at) => 1000 + at);
    const unnamed = [equal(CONTROL.topicId, ref.topicId)];
    await log.items.update(controlKey(ref.topicId, 0), [set(CONTROL.passedOver, named)], unnamed, testCall);
    expect(await rollPartition(log.engine().context, ref, WHOLE, testCall)).toBe(0);
    expect(await kindsOf(log, ref)).toEqual(["entries 0-2", "entries 2-4"]);
  });

  test("makes a segment of it after all once it has been repaired", async () => {
    const { log, ref } = await spilledLog(3);
    await damage(log, 2);
    const engine = log.engine();
    await rollAll(engine, ref);
    await damage(log, 2);
    expect(await rollPassedOver(engine.context, ref, testCall)).toBe(0);
    log.clock.advance(damageBelievedMs + 1);
    const rules = { segmentBytes: 1_000_000, segmentMs: 1_000_000 };
    expect(await rollOld(engine.context, ref, rules, testCall)).toBeGreaterThan(0);
    expect(await kindsOf(log, ref)).toEqual(["segment 0-2", "segment 2-4", "segment 4-6"]);
    expect(await readPassedOver(engine.context, ref, testCall)).toEqual([]);
    expect(await readAll(log.engine(), ref)).toHaveLength(6);
  });

  test("a transfer that goes wrong twice is no damage", async () => {
    const { log, ref } = await spilledLog(2);
    let failures = 2;
    const engine = log.engine({
      objects: async (passing, proceed) => {
        const answer = await proceed();
        const wrong = passing.operation === "get" && answer instanceof Uint8Array && failures-- > 0;
        return wrong ? flipped(answer, answer.byteLength - 3) : answer;
      },
    });
    await rollAll(engine, ref);
    expect(await kindsOf(log, ref)).toEqual(["segment 0-4"]);
    expect(log.counts.get("log.entries.damaged")).toBeUndefined();
  });

  test("verify tells the damage by file and offsets, and nothing else", async () => {
    const { log, ref } = await spilledLog(3);
    await damage(log, 2);
    const [, , key] = await stagedKeys(log);
    await rollAll(log.engine(), ref);
    const { damages } = await verify(log);
    expect(damages).toMatchObject([{ file: key, offsets: { from: 2, to: 3 } }]);
  });

  test("verify tells an item below segments that the control does not name", async () => {
    const { log, ref } = await spilledLog(3);
    await damage(log, 2);
    await rollAll(log.engine(), ref);
    await log.items.update(controlKey(ref.topicId, 0), [remove(CONTROL.passedOver)], [], testCall);
    const { damages } = await verify(log);
    expect(damages).toContainEqual(
      expect.objectContaining({ file: expect.stringMatching(/i#0+2$/), what: expect.stringContaining("collected") }),
    );
  });
});

test("compaction goes on around what rolls have gone past", async () => {
  const { log, ref } = await spilledLog(3);
  await damage(log, 2);
  const { context } = log.engine();
  await rollAll(log.engine(), ref);
  await append(log.engine(), ref, batchOf(["tail"]));
  log.clock.advance(stampAgeMsMax + 1);
  const rules = effectiveConfigs({ "cleanup.policy": "compact", "delete.retention.ms": "0" }, {});
  const options = { rules, damaged: new Set<string>(), giveWay: () => Promise.resolve() };
  const compacted = await compactPartition(context, ref, options, testCall);
  // None of the records has a key: all that compaction reaches goes.
  expect(compacted).toMatchObject({ complete: false, removedRecords: 4, cleanedEnd: 6 });
  expect(await kindsOf(log, ref)).toEqual(["void 0-2", "entries 2-4", "void 4-6"]);
});
