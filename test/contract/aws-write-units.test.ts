import type { ConsumedCapacity } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { MeteredItemStore } from "../../lib/adapters/wrappers/metered-item-store.ts";
import { StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import { present } from "../../lib/base/assert.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { billedLogSettings } from "../../lib/log/log-settings.ts";
import { openBroker } from "../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../lib/service/broker-settings.ts";
import { type Change, set, type TransactPart } from "../../lib/storage/item-change.ts";
import { headKey } from "../../lib/storage/item-keys.ts";
import { itemBytes } from "../../lib/storage/item-size.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { Item } from "../../lib/storage/item-value.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { openDynamoStore } from "../support/aws-stores.ts";
import { recordFigures } from "../support/figures.ts";
import { appendOne, contextWithin, countingRuntime, oneRecord, openTestBroker } from "../support/test-broker.ts";
import { testCall } from "../support/test-call.ts";

/* The meter's arithmetic against what DynamoDB says that it has consumed. */
const consumed: ConsumedCapacity[] = [];
let opened: Awaited<ReturnType<typeof openDynamoStore>>;
beforeAll(async () => {
  opened = await openDynamoStore((capacity) => consumed.push(capacity));
});
afterAll(() => opened.close());

/** Units that DynamoDB reports for what `work` does. */
async function reported(work: () => Promise<unknown>): Promise<number> {
  consumed.length = 0;
  await work();
  return consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

/** Units that the meter counts when the same is done in memory. */
async function metered(before: Item | undefined, work: (store: ItemStore) => Promise<unknown>): Promise<number> {
  const memory = new MemoryItemStore();
  if (before !== undefined) {
    await memory.transact([{ kind: "put", key, item: before, conditions: [] }], testCall);
  }
  const counter = new StoreCounter();
  await work(new MeteredItemStore(memory, counter));
  const { writeUnits, readUnits } = counter.snapshot();
  return writeUnits + readUnits;
}

const key = { pk: "p#0123456789#0", sk: "head" };
const asChanges = (item: Item): Change[] => Object.entries(item).map(([name, value]) => set([name], value));
const put = (item: Item): TransactPart => ({ kind: "put", key, item, conditions: [] });

/** Heads that an engine has left behind, with tails of these lengths. */
async function realHeads(lengths: readonly number[]): Promise<Item[]> {
  const runtime = countingRuntime();
  const items = new MemoryItemStore();
  const log = { ...billedLogSettings, tail: { ...billedLogSettings.tail, entriesSoftMax: 100 } };
  const settings = { log };
  const parts = { objects: new MemoryObjectStore(), items, counter: new StoreCounter(), runtime, settings };
  const broker = await openTestBroker(parts);
  await broker.service.createTopics(contextWithin(runtime), { topics: [{ name: "t", partitions: 1 }] });
  const { topicId } = present(await broker.engine.catalog.findNow("t", contextWithin(runtime)), "the topic");
  const heads: Item[] = [];
  for (let length = 1; length <= Math.max(...lengths); length++) {
    const producer = { producerId: length % 5, producerEpoch: 0, baseSequence: Math.floor((length - 1) / 5) };
    await appendOne(broker, runtime, oneRecord(`r${length}`, length % 2 === 0 ? 100 : 9000, producer));
    const head = await items.get(headKey(topicId, 0), testCall);
    if (lengths.includes(length) && head !== undefined) heads.push(head);
  }
  await broker.close();
  return heads;
}

describe("write units", () => {
  test("of real heads are those that DynamoDB reports", async () => {
    const heads = await realHeads([1, 4, 8, 16, 40, 64]);
    const figures: Record<string, string> = {};
    for (const head of heads) {
      await opened.store.transact([{ kind: "delete", key, conditions: [] }], testCall);
      const units = await reported(() => opened.store.update(key, asChanges(head), [], testCall));
      expect(units).toBe(await metered(undefined, (store) => store.update(key, asChanges(head), [], testCall)));
      const bytes = itemBytes(key, head);
      figures[`head of ${Object.keys(head.tail as object).length} entries`] = `${bytes} bytes, ${units} write units`;
    }
    recordFigures(figures);
    expect(heads).toHaveLength(6);
  });

  test.each([1, 2, 7])("step up just above %i KiB, wherever the bytes lie", async (kib) => {
    const shape = (bytes: number): Item => ({
      n: 123_456_789,
      negative: -42.5,
      text: "ü".repeat(10),
      flags: [true, false],
      tail: { "0000c0ffee": { n: 7, bytes: new Uint8Array(bytes) } },
    });
    const room = kib * 1024 - itemBytes(key, shape(0));
    for (const [extra, units] of [
      [0, kib],
      [1, kib + 1],
    ] as const) {
      const item = shape(room + extra);
      expect(itemBytes(key, item)).toBe(kib * 1024 + extra);
      await opened.store.transact([{ kind: "delete", key, conditions: [] }], testCall);
      expect(await reported(() => opened.store.update(key, asChanges(item), [], testCall))).toBe(units);
    }
  });

  test("go by the larger image when an item shrinks", async () => {
    const large = { a: new Uint8Array(5000), b: 1 };
    await opened.store.transact([put(large)], testCall);
    const shrink = (store: ItemStore) => store.update(key, [set(["a"], 0)], [], testCall);
    expect(await reported(() => shrink(opened.store))).toBe(await metered(large, shrink));
  });

  test("count double in transactions", async () => {
    const item = { a: new Uint8Array(3000) };
    await opened.store.transact([put(item)], testCall);
    const again = (store: ItemStore) => store.transact([put(item)], testCall);
    expect(await reported(() => again(opened.store))).toBe(await metered(item, again));
  });

  test("count once for a delete alone and without conditions", async () => {
    const item = { a: new Uint8Array(3000) };
    await opened.store.transact([put(item)], testCall);
    const remove = (store: ItemStore) => store.transact([{ kind: "delete", key, conditions: [] }], testCall);
    const units = await reported(() => remove(opened.store));
    expect(units).toBe(3);
    expect(units).toBe(await metered(item, remove));
    expect(await opened.store.get(key, testCall)).toBeUndefined();
  });
});

describe("a commit's units, spills included", () => {
  // Of the log whose items are DynamoDB's in all of these.
  const objects = new MemoryObjectStore();
  test.each([1, 4, 16, 64])("are those that DynamoDB reports, with %i producers", async (producers) => {
    const counter = new StoreCounter();
    const metered = { items: new MeteredItemStore(new MemoryItemStore(), counter), objects: new MemoryObjectStore() };
    const memory = await commitSome(metered, producers, () => {
      const { writeUnits, readUnits } = counter.snapshot();
      return writeUnits + readUnits;
    });
    consumed.length = 0;
    const dynamodb = await commitSome({ items: opened.store, objects }, producers, () =>
      consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0),
    );
    recordFigures({ [`units per commit, ${producers} producers`]: `${dynamodb} reported, ${memory} metered` });
    // A spill that takes longer lets a commit or two more into the tail.
    expect(dynamodb / memory).toBeGreaterThan(0.85);
    expect(dynamodb / memory).toBeLessThan(1.15);
  });
});

/** Units per commit of a reference, once every producer is known. */
async function commitSome(
  stores: { readonly items: ItemStore; readonly objects: ObjectStore },
  producers: number,
  units: () => number,
): Promise<number> {
  const runtime = countingRuntime();
  const log = { ...billedLogSettings, placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } };
  const broker = await openBroker({
    ...stores,
    runtime,
    settings: { ...defaultBrokerSettings, log, backgroundWork: false },
  });
  const topic = `units-${producers}`;
  await broker.service.createTopics(contextWithin(runtime), { topics: [{ name: topic, partitions: 1 }] });
  const where = { topic, partition: 0 };
  const produce = (index: number, baseSequence: number) =>
    appendOne(broker, runtime, oneRecord("x", 1000, { producerId: index, producerEpoch: 0, baseSequence }), where);
  for (let index = 0; index < producers; index++) await produce(index, 0);
  const before = units();
  const commits = 128;
  for (let at = 0; at < commits; at++) await produce(at % producers, 1 + Math.floor(at / producers));
  await broker.close();
  await nothingUnderWay();
  return Number(((units() - before) / commits).toFixed(3));
}

/** What a closed broker has begun may still be answered, and must not count for the next test. */
async function nothingUnderWay(): Promise<void> {
  for (let answers = -1; answers !== consumed.length; await systemClock().sleep(100)) answers = consumed.length;
}

describe("read units", () => {
  test.each([0, 4000, 5000, 20_000])("of an item with %i bytes are those that DynamoDB reports", async (bytes) => {
    const item = { a: new Uint8Array(bytes) };
    await opened.store.transact([put(item)], testCall);
    for (const consistent of [true, false]) {
      for (const read of [
        (store: ItemStore) => store.get(key, testCall, { consistent }),
        (store: ItemStore) => store.getMany([key], testCall, { consistent }),
        (store: ItemStore) => store.query({ pk: key.pk, consistent }, testCall),
      ]) {
        expect(await reported(() => read(opened.store))).toBe(await metered(item, read));
      }
    }
  });
});
