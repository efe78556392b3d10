import { describe, expect, test } from "vitest";
import { collect } from "../../../lib/log/collect/collect.ts";
import { putIdentity } from "../../../lib/log/identity-object.ts";
import type { LogContext, PartitionRef } from "../../../lib/log/log-context.ts";
import { deleteRecords, EVERYTHING } from "../../../lib/log/retention/delete-records.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { openStoreIdentity, STORE_FORMAT } from "../../../lib/log/store-identity.ts";
import { createTopic } from "../../../lib/log/topics/create-topic.ts";
import { deleteTopic } from "../../../lib/log/topics/delete-topic.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { indexKey, STAGED_ITEM_PKS, storeKey, topicKey } from "../../../lib/storage/item-keys.ts";
import type { StoreIdentity } from "../../../lib/storage/items/store.ts";
import { TOPIC } from "../../../lib/storage/items/topic.ts";
import { storeObjectKey, topicObjectKey } from "../../../lib/storage/object-keys.ts";
import { type Intercept, isCommit, isSwap } from "../../support/log/intercepted.ts";
import { batchOf, numbered, readAll } from "../../support/log/records-of.ts";
import { append, gate, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };
const AGE_MS = 100_000;
/** Everything above 10 bytes goes to a staged object, or above 200 with staged items before it. */
const OBJECTS = { placement: { inlineBytesMax: 10, stagedItemBytesMax: 10 } };
const ITEMS = { placement: { inlineBytesMax: 10, stagedItemBytesMax: 1000 } };

async function identityOf(log: TestLog): Promise<StoreIdentity> {
  return openStoreIdentity(log.engine().context, log.runtime(), testCall);
}

/** Goes with the first collection: what told of a topic before it was opened. */
const FIRST_VERSION = 1;

/** Stores that have their identity, as whoever opens a broker finds them. */
async function newLog(): Promise<TestLog> {
  const log = new TestLog();
  await identityOf(log);
  return log;
}

/** A collection by a broker of its own, of whatever is older than a hundred seconds. */
async function collected(log: TestLog, options: { dryRun?: boolean; context?: LogContext } = {}) {
  const { incarnation } = await identityOf(log);
  const rules = { incarnation, ageMs: AGE_MS, dryRun: options.dryRun ?? false };
  return collect(options.context ?? log.engine().context, rules, {}, testCall);
}

async function objectsUnder(log: TestLog, prefix: string): Promise<string[]> {
  return (await log.objects.list(prefix, testCall)).objects.map(({ key }) => key);
}

async function stagedItemCount(log: TestLog): Promise<number> {
  const pages = await Promise.all(STAGED_ITEM_PKS.map((pk) => log.items.query({ pk }, testCall)));
  return pages.reduce((total, page) => total + page.items.length, 0);
}

async function roll(log: TestLog, ref: PartitionRef): Promise<void> {
  const { context } = log.engine();
  await spill(context, ref, testCall);
  await rollPartition(context, ref, WHOLE, testCall);
}

describe("a collection", () => {
  test("keeps what a tail, an unrolled index item or a segment's index item refers to", async () => {
    const log = await newLog();
    const ref = await log.partition();
    const values = ["rolled", "in the index", "in the tail"];
    for (const settings of [OBJECTS, ITEMS]) {
      await append(log.engine({ settings }), ref, batchOf(["rolled"]));
    }
    await roll(log, ref);
    for (const settings of [OBJECTS, ITEMS]) await append(log.engine({ settings }), ref, batchOf(["in the index"]));
    await spill(log.engine().context, ref, testCall);
    for (const settings of [OBJECTS, ITEMS]) await append(log.engine({ settings }), ref, batchOf(["in the tail"]));
    log.clock.advance(2 * AGE_MS);
    expect(await collected(log)).toMatchObject({
      objects: FIRST_VERSION + 1,
      items: 1,
      referred: 5,
      undecided: 0,
      next: undefined,
    });
    expect(await objectsUnder(log, "staged/")).toHaveLength(2);
    expect(await stagedItemCount(log)).toBe(2);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values.flatMap((value) => [value, value])));
  });

  test("keeps what a partition with an unreadable item may refer to, and goes on with the others", async () => {
    const log = await newLog();
    const first = await log.partition("topic", 2);
    const refs = [first, { ...first, partition: 1 }] as const;
    for (const ref of refs) {
      await append(log.engine({ settings: OBJECTS }), ref, batchOf(["to be rolled"]));
      await roll(log, ref);
      await append(log.engine({ settings: OBJECTS }), ref, batchOf(["in the index"]));
      await spill(log.engine().context, ref, testCall);
    }
    const unreadable = indexKey(first.topicId, 0, 1);
    await log.items.update(unreadable, [set(["end"], "no number")], [], testCall);
    log.clock.advance(2 * AGE_MS);
    expect(await collected(log)).toMatchObject({ objects: FIRST_VERSION + 1, undecided: 2, next: undefined });
    expect(await objectsUnder(log, "staged/")).toHaveLength(3);
    expect(await readAll(log.engine(), refs[1])).toHaveLength(2);
  });

  test("leaves alone what is young, and in a dry run everything, of which it tells the size", async () => {
    const log = await newLog();
    const ref = await log.partition();
    await append(log.engine({ settings: OBJECTS }), ref, batchOf(["x".repeat(500)]));
    await roll(log, ref);
    const young = await collected(log);
    expect(young).toMatchObject({ objects: FIRST_VERSION, referred: 0 });
    log.clock.advance(2 * AGE_MS);
    const dry = await collected(log, { dryRun: true });
    expect(dry).toMatchObject({ objects: 1, items: 0, referred: 1 });
    expect(dry.bytes).toBeGreaterThan(500);
    expect(await objectsUnder(log, "staged/")).toHaveLength(1);
    expect(await collected(log)).toEqual(dry);
    expect(await objectsUnder(log, "staged/")).toEqual([]);
    expect(log.counts.get("log.collect.bytes")).toBe(young.bytes + dry.bytes);
  });

  test("takes the segments that retention has let go, and none that stays", async () => {
    const log = await newLog();
    const ref = await log.partition();
    for (const value of ["a", "b"]) {
      await append(log.engine(), ref, batchOf([value]));
      await roll(log, ref);
    }
    await deleteRecords(log.engine().context, ref, 1, testCall);
    log.clock.advance(2 * AGE_MS);
    expect(await collected(log)).toMatchObject({ objects: FIRST_VERSION + 1, referred: 1 });
    expect(await readAll(log.engine(), ref, 1)).toEqual(["1:b"]);
    await deleteRecords(log.engine().context, ref, EVERYTHING, testCall);
    expect(await collected(log)).toMatchObject({ objects: 1, referred: 0 });
    expect(await objectsUnder(log, "topics/")).toEqual([topicObjectKey(ref.topicId, 2)]);
  });

  test("asks every partition that a staged object names, and keeps it for the last one", async () => {
    const log = await newLog();
    const first = await log.partition("topic", 2);
    const second = { ...first, partition: 1 };
    const engine = log.engine({ settings: OBJECTS });
    const both = [append(engine, first, batchOf(["first"])), append(engine, second, batchOf(["second"]))];
    await Promise.all(both);
    expect(await objectsUnder(log, "staged/")).toHaveLength(1);
    await roll(log, first);
    log.clock.advance(2 * AGE_MS);
    expect(await collected(log)).toMatchObject({ objects: FIRST_VERSION, referred: 2 });
    expect(await readAll(log.engine(), second)).toEqual(["0:second"]);
    await roll(log, second);
    expect(await collected(log)).toMatchObject({ objects: 1 });
  });

  test.each([
    ["a staged object", OBJECTS],
    ["a staged item", ITEMS],
  ])("that took %s makes the broker write it again that froze before its commit", async (_, settings) => {
    const log = await newLog();
    const ref = await log.partition();
    const [staged, thawed] = [gate(), gate()];
    let commits = 0;
    const frozen = log.engine({
      settings,
      items: async (passing, proceed) => {
        if (isCommit(passing) && commits++ === 0) {
          staged.open();
          await thawed.opened;
        }
        return proceed();
      },
    });
    const appended = append(frozen, ref, batchOf(["late"]));
    await staged.opened;
    log.clock.advance(2 * AGE_MS);
    expect((await collected(log)).bytes).toBeGreaterThan(0);
    thawed.open();
    expect(await appended).toMatchObject({ baseOffset: 0, duplicate: false });
    expect(commits).toBe(2);
    expect(await readAll(log.engine(), ref)).toEqual(["0:late"]);
  });

  test("that took a segment makes the roll fail that froze before its swap", async () => {
    const log = await newLog();
    const ref = await log.partition();
    await append(log.engine(), ref, batchOf(["a"]));
    await spill(log.engine().context, ref, testCall);
    const [put, thawed] = [gate(), gate()];
    const frozen = log.engine({
      items: async (passing, proceed) => {
        if (isSwap(passing)) {
          put.open();
          await thawed.opened;
        }
        return proceed();
      },
    });
    const rolled = rollPartition(frozen.context, ref, WHOLE, testCall);
    await put.opened;
    log.clock.advance(2 * AGE_MS);
    expect(await collected(log)).toMatchObject({ objects: FIRST_VERSION + 1 });
    thawed.open();
    expect(await rolled).toBe(0);
    expect(await readAll(log.engine(), ref)).toEqual(["0:a"]);
  });

  test("deletes nothing of a partition whose head is missing without a tombstone", async () => {
    const log = await newLog();
    const ref = await log.partition();
    await append(log.engine({ settings: OBJECTS }), ref, batchOf(["a"]));
    await roll(log, ref);
    await log.items.transact(
      [{ kind: "delete", key: { pk: `p#${ref.topicId}#0`, sk: "head" }, conditions: [] }],
      testCall,
    );
    log.clock.advance(2 * AGE_MS);
    expect(await collected(log)).toMatchObject({ objects: FIRST_VERSION, undecided: 2 });
  });

  test("takes everything of a deleted topic, also when the deletion was cut off", async () => {
    const log = await newLog();
    const ref = await log.partition("topic", 2);
    await append(log.engine({ settings: OBJECTS }), ref, batchOf(["a"]));
    await roll(log, ref);
    await append(log.engine({ settings: ITEMS }), ref, batchOf(["b"]));
    await log.items.update(topicKey(ref.topicId), [set(TOPIC.state, "deleting")], [], testCall);
    log.clock.advance(2 * AGE_MS);
    await collected(log);
    await collected(log);
    expect(await objectsUnder(log, "topics/")).toEqual([]);
    expect(await objectsUnder(log, "staged/")).toEqual([]);
    expect(await stagedItemCount(log)).toBe(0);
    expect((await log.items.query({ pk: `p#${ref.topicId}#0` }, testCall)).items).toEqual([]);
    const again = await createTopic(log.engine().context, { name: "topic", partitions: 1, configs: {} }, testCall);
    expect(await readAll(log.engine(), { topicId: again.topicId, partition: 0 })).toEqual([]);
  });

  const others = {
    table: (log: TestLog) => log.items.update(storeKey, [set(["incarnation"], "another")], [], testCall),
    bucket: async (log: TestLog) => {
      const identity = { incarnation: "another", format: STORE_FORMAT, generation: 0 };
      await log.objects.delete([storeObjectKey()], testCall);
      await putIdentity(log.objects, identity, testCall);
    },
    "bucket, since a restore": (log: TestLog) =>
      putIdentity(log.objects, { incarnation: "another", format: STORE_FORMAT, generation: 1 }, testCall),
  };

  test.each(Object.entries(others))(
    "with the %s of another incarnation is refused, and deletes nothing",
    async (_, part) => {
      const log = await newLog();
      const ref = await log.partition();
      await append(log.engine({ settings: OBJECTS }), ref, batchOf(["a"]));
      await roll(log, ref);
      const { incarnation } = await identityOf(log);
      log.clock.advance(2 * AGE_MS);
      const { context } = log.engine();
      const rules = { incarnation, ageMs: AGE_MS, dryRun: false };
      expect(await collect(context, { ...rules, dryRun: true }, {}, testCall)).toMatchObject({
        objects: FIRST_VERSION + 1,
      });
      await part(log);
      const refusal = await refusalOf(() => collect(context, rules, {}, testCall));
      expect(refusal).toMatchObject({ code: "StoreFormat", message: expect.stringContaining("another incarnation") });
      expect(await objectsUnder(log, "staged/")).toHaveLength(1);
    },
  );

  test("whose time is over tells where to go on, and comes to the end", async () => {
    const log = await newLog();
    const ref = await log.partition();
    await append(log.engine({ settings: OBJECTS }), ref, batchOf(["a"]));
    await roll(log, ref);
    await deleteTopic(log.engine().context, "topic", testCall);
    log.clock.advance(2 * AGE_MS);
    const { incarnation } = await identityOf(log);
    const rules = { incarnation, ageMs: AGE_MS, dryRun: false };
    let [after, objects, calls]: [string | undefined, number, number] = [undefined, 0, 0];
    do {
      const call = { deadlineMs: log.clock.monotonicMs() + 1 };
      const done = await collect(log.engine().context, rules, { after }, call);
      after = done.next;
      objects += done.objects;
      calls++;
    } while (after !== undefined);
    expect([objects, calls]).toEqual([5, 18]);
    const refusal = await refusalOf(() => collect(log.engine().context, rules, { after: "../x" }, testCall));
    expect(refusal.code).toBe("InvalidRequest");
  });
});

describe("what a collection asks of the stores", () => {
  /** Operations of one collection, by name, counted behind a broker of its own or behind the one given. */
  async function operationsOf(log: TestLog, collector: (count: Intercept) => LogContext): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const context = collector((passing, proceed) => {
      counts.set(passing.operation, (counts.get(passing.operation) ?? 0) + 1);
      return proceed();
    });
    await collected(log, { context });
    return counts;
  }
  const fresh =
    (log: TestLog) =>
    (count: Intercept): LogContext =>
      log.engine({ objects: count }).context;

  test("no header of what its own broker has staged, but of what another one has", async () => {
    const log = await newLog();
    const ref = await log.partition();
    const counts = new Map<string, number>();
    const engine = log.engine({
      settings: OBJECTS,
      objects: (passing, proceed) => {
        counts.set(passing.operation, (counts.get(passing.operation) ?? 0) + 1);
        return proceed();
      },
    });
    await append(engine, ref, batchOf(["in the tail"]));
    log.clock.advance(2 * AGE_MS);
    await collected(log, { context: engine.context });
    const other = await operationsOf(log, fresh(log));
    // Both read the store's identity; only the stranger has to ask the object whose it is.
    expect((other.get("get") ?? 0) - (counts.get("get") ?? 0)).toBe(1);
  });

  test("the stores' identity only where there is something to judge", async () => {
    const log = await newLog();
    const ref = await log.partition();
    const idle = await operationsOf(log, fresh(log));
    for (let each = 0; each < 40; each++) await append(log.engine({ settings: ITEMS }), ref, batchOf([`${each}`]));
    await roll(log, ref);
    log.clock.advance(2 * AGE_MS);
    const busy = await operationsOf(log, fresh(log));
    // Staged objects, topics, and the identity once: before topics are looked at.
    expect(idle.get("list")).toBe(3);
    expect(busy.get("list")).toBeGreaterThan(3);
    expect(await stagedItemCount(log)).toBe(0);
  });
});
