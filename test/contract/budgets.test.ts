import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDataDirectory } from "../../lib/adapters/embedded/data-directory.ts";
import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { countsBetween, StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import { billedLogSettings, embeddedLogSettings, type LogSettings } from "../../lib/log/log-settings.ts";
import { rollPartition } from "../../lib/log/roll/roll-partition.ts";
import { spill } from "../../lib/log/spill.ts";
import type { Broker } from "../../lib/service/broker.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { recordFigures } from "../support/figures.ts";
import { recordsIn } from "../support/log/records-of.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  appendOne,
  type CountingRuntime,
  contextWithin,
  countingRuntime,
  fetchOnce,
  oneRecord,
  openTestBroker,
} from "../support/test-broker.ts";

/* The budgets of docs/architecture.md, counted at the ports: they hold on any machine. */
interface Stores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  close(): Promise<void>;
}

const memory = async (): Promise<Stores> => ({
  objects: new MemoryObjectStore(),
  items: new MemoryItemStore(),
  close: async () => undefined,
});

const directory = async (): Promise<Stores> => {
  const { path, remove } = await temporaryDirectory();
  const { objects, items, close } = await openDataDirectory(path);
  return { objects, items, close: () => close().then(remove) };
};

/** Figures under "<subject>: <name>". */
function report(subject: string, figures: Readonly<Record<string, number>>): void {
  recordFigures(Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${subject}: ${name}`, value])));
}

describe("requests per operation", () => {
  const counter = new StoreCounter();
  const runtime = countingRuntime();
  let broker: Broker;

  beforeAll(async () => {
    const stores = await memory();
    broker = await openTestBroker({ ...stores, counter, runtime, settings: { log: billedLogSettings } });
    const topics = [
      { name: "t", partitions: 1 },
      { name: "wide", partitions: 50 },
    ];
    await broker.service.createTopics(contextWithin(runtime), { topics });
    await appendOne(broker, runtime, oneRecord("first", 10));
  });
  afterAll(() => broker.close());

  const countsOf = async (work: () => Promise<unknown>) => {
    const before = counter.snapshot();
    await work();
    return countsBetween(before, counter.snapshot());
  };

  test("a small inline produce is one item update and nothing else", async () => {
    const counts = await countsOf(() => appendOne(broker, runtime, oneRecord("inline", 20)));
    expect(counts).toMatchObject({ itemUpdates: 1, itemGets: 0, itemQueries: 0, itemTransacts: 0, objectPuts: 0 });
  });

  test("a produce of a few kilobytes is two item writes and no object request", async () => {
    const counts = await countsOf(() => appendOne(broker, runtime, oneRecord("staged item", 2000)));
    expect(counts).toMatchObject({ itemUpdates: 2, itemGets: 0, itemTransacts: 0, objectPuts: 0, objectGets: 0 });
  });

  test("a large produce is one object put, then one update", async () => {
    const counts = await countsOf(() => appendOne(broker, runtime, oneRecord("object", 100_000)));
    expect(counts).toMatchObject({ itemUpdates: 1, itemGets: 0, itemTransacts: 0, objectPuts: 1, objectGets: 0 });
  });

  test("a produce to fifty partitions puts one object, and updates each head once", async () => {
    const partitions = Array.from({ length: 50 }, (_, partition) => ({
      topic: "wide",
      partition,
      records: oneRecord(`wide ${partition}`, 10_000),
    }));
    await Promise.all(partitions.map((part) => appendOne(broker, runtime, oneRecord("warm", 10), part)));
    const counts = await countsOf(() => broker.service.produce(contextWithin(runtime), { acks: -1, partitions }));
    expect(counts).toMatchObject({ objectPuts: 1, itemUpdates: 50, itemGets: 0, itemTransacts: 0 });
  });

  test("a read of an inline tail is one item read and no object read", async () => {
    const offset = (await appendOne(broker, runtime, oneRecord("tail", 20))).baseOffset;
    const counts = await countsOf(() => fetchOnce(broker, runtime, { offset }));
    expect(counts).toMatchObject({ itemGets: 0, itemGetManys: 1, itemQueries: 0, objectGets: 0, readUnits: 1 });
  });
});

describe("a backlog read", () => {
  const BATCHES = 66;
  const BATCH_BYTES = 512 * 1024;
  // Segments of the size that merges make of them.
  const roll = { bytes: 64 * 1024 * 1024, ageMs: 60_000 };

  const readBacklog = async (log: LogSettings, maxBytes: number) => {
    const stores = await memory();
    const counter = new StoreCounter();
    const runtime = countingRuntime();
    const broker = await openTestBroker({ ...stores, counter, runtime, settings: { log } });
    const ref = await topicRef(broker, runtime);
    for (let batch = 0; batch < BATCHES; batch++)
      await appendOne(broker, runtime, oneRecord(`backlog ${batch}`, BATCH_BYTES));
    await rollEverything(broker, runtime, ref);
    const reader = await openTestBroker({ ...stores, counter, runtime, settings: { log } });
    const before = counter.snapshot();
    let bytes = 0;
    let fetches = 0;
    for (let offset = 0; offset < BATCHES; fetches++) {
      const fetched = await fetchOnce(reader, runtime, { offset, maxBytes });
      offset += recordsIn(fetched.records).length;
      for (const part of fetched.records) bytes += part.byteLength;
    }
    await broker.close();
    return { bytes, fetches, ...countsBetween(before, counter.snapshot()) };
  };

  test("takes one index query and one object get per 8 MiB, or fewer", async () => {
    const read = await readBacklog({ ...billedLogSettings, roll }, 1024 * 1024);
    report("backlog read", {
      mebibytes: read.bytes / 1024 / 1024,
      queries: read.itemQueries,
      objectGets: read.objectGets,
    });
    const reads = Math.floor(read.bytes / (8 * 1024 * 1024));
    expect(read.itemQueries).toBeLessThanOrEqual(reads);
    expect(read.objectGets).toBeLessThanOrEqual(reads);
    expect(read.objectBytesRead).toBe(read.bytes);
  });

  test("in fetches of several blocks takes no more, though the next is loaded while one is checked", async () => {
    const read = await readBacklog({ ...billedLogSettings, roll }, 16 * 1024 * 1024);
    expect(read.fetches).toBe(3);
    expect(read.objectGets).toBe(Math.floor(read.bytes / (8 * 1024 * 1024)));
    expect(read.objectBytesRead).toBe(read.bytes);
  });

  test("where gets are not billed takes one for each fetch, which goes on where the one before it ended", async () => {
    const maxBytes = 1_800_000;
    const read = await readBacklog({ ...embeddedLogSettings, roll }, maxBytes);
    expect(read.fetches).toBe(BATCHES / 3);
    expect(read.objectGets).toBe(read.fetches);
    expect(read.objectBytesRead).toBeLessThanOrEqual(read.fetches * maxBytes);
  });
});

describe.each([
  ["memory", memory],
  ["a directory and SQLite", directory],
] as const)("64 brokers that share no memory, on one partition of %s", (_, openStores) => {
  const BROKERS = 64;
  const EACH = 12;

  test("commit with no more updates than one broker would need", { timeout: 120_000 }, async () => {
    const stores = await openStores();
    const counter = new StoreCounter();
    const runtimes = Array.from({ length: BROKERS }, () => countingRuntime());
    const brokers: Broker[] = [];
    for (const runtime of runtimes) {
      brokers.push(await openTestBroker({ ...stores, counter, runtime, settings: { log: embeddedLogSettings } }));
    }
    await brokers[0]?.service.createTopics(contextWithin(runtimes[0] as CountingRuntime), {
      topics: [{ name: "t", partitions: 1 }],
    });
    const before = counter.snapshot();
    const offsets = await Promise.all(
      brokers.map(async (broker, index) => {
        const own: number[] = [];
        for (let record = 0; record < EACH; record++) {
          const runtime = runtimes[index] as CountingRuntime;
          own.push((await appendOne(broker, runtime, oneRecord(`${index}-${record}`, 20))).baseOffset);
        }
        return own;
      }),
    );
    const counts = countsBetween(before, counter.snapshot());
    const total = (name: string): number => runtimes.reduce((sum, each) => sum + (each.counted.get(name) ?? 0), 0);
    const commits = BROKERS * EACH;
    const full = total("log.commit.full");
    report(`contention, ${BROKERS} brokers`, {
      commits,
      commitUpdates: total("log.commit"),
      refused: total("log.commit.refused"),
      refusedForFullTail: full,
      spills: total("log.spill"),
      trims: counts.itemUpdates - total("log.commit"),
    });
    expect(new Set(offsets.flat()).size).toBe(commits);
    expect(Math.max(...offsets.flat())).toBe(commits - 1);
    for (const own of offsets) expect(own).toEqual([...own].sort((a, b) => a - b));
    // Only a full tail, which belongs to the spills, makes anybody try again.
    expect(total("log.commit.refused")).toBe(full);
    expect(total("log.commit")).toBe(commits + full);
    for (const broker of brokers) await broker.close();
    await stores.close();
  });
});

describe("write units of the head per commit", () => {
  test.each([
    [1, 2],
    [4, 2],
    [16, undefined],
    [64, undefined],
  ])("with %i producers stay within the budget", async (producers, budget) => {
    const counter = new StoreCounter();
    const runtime = countingRuntime();
    const log = { ...billedLogSettings, placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } };
    const broker = await openTestBroker({ ...(await memory()), counter, runtime, settings: { log } });
    const commits = 512;
    const producer = (index: number, baseSequence: number) => ({
      producerId: 1000 + index,
      producerEpoch: 0,
      baseSequence,
    });
    for (let index = 0; index < producers; index++) {
      await appendOne(broker, runtime, oneRecord("first", 1000, producer(index, 0)));
    }
    const before = counter.snapshot();
    for (let commit = 0; commit < commits; commit++) {
      const sequence = 1 + Math.floor(commit / producers);
      await appendOne(broker, runtime, oneRecord("x", 1000, producer(commit % producers, sequence)));
    }
    await broker.close();
    const { writeUnits, itemTransacts } = countsBetween(before, counter.snapshot());
    const perCommit = writeUnits / commits;
    report(`write units, ${producers} producers`, { perCommit: Number(perCommit.toFixed(2)), spills: itemTransacts });
    if (budget !== undefined) expect(perCommit).toBeLessThanOrEqual(budget);
  });
});

async function topicRef(broker: Broker, runtime: CountingRuntime) {
  const call = contextWithin(runtime);
  await broker.service.createTopics(call, { topics: [{ name: "t", partitions: 1 }] });
  const topic = await broker.engine.catalog.findNow("t", call);
  if (topic === undefined) throw new Error("the topic was just created");
  return { topicId: topic.topicId, partition: 0 };
}

async function rollEverything(broker: Broker, runtime: CountingRuntime, ref: Awaited<ReturnType<typeof topicRef>>) {
  await spill(broker.engine.context, ref, contextWithin(runtime));
  const limits = { bytes: broker.engine.context.settings.roll.bytes, olderThan: Number.MAX_SAFE_INTEGER };
  while ((await rollPartition(broker.engine.context, ref, limits, contextWithin(runtime))) > 0);
}
