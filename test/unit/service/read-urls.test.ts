import { afterEach, beforeEach, expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { StoreCounter } from "../../../lib/adapters/wrappers/store-counts.ts";
import type { FetchPart } from "../../../lib/api/record-types.ts";
import { present } from "../../../lib/base/assert.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { billedLogSettings } from "../../../lib/log/log-settings.ts";
import { lookUp } from "../../../lib/log/read/read-log.ts";
import { segmentAddress } from "../../../lib/log/read/segment-address.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import type { Broker } from "../../../lib/service/broker.ts";
import { appendOne, contextWithin, countingRuntime, oneRecord, openTestBroker } from "../../support/test-broker.ts";

const runtime = countingRuntime();
const RECORD_BYTES = 400_000;

/** Memory that gives addresses, at which nothing answers. */
class AddressedObjects extends MemoryObjectStore {
  override readonly capabilities = { compose: undefined, readUrl: true };

  readonly readUrl = async (key: string): Promise<string> => `http://objects/${key}`;
}

let broker: Broker;
const counter = new StoreCounter();
const open = (readUrls: boolean, objects = new AddressedObjects(), items = new MemoryItemStore()) => {
  const settings = { log: billedLogSettings, readUrls };
  return openTestBroker({ objects, items, counter, runtime, settings });
};
beforeEach(async () => {
  broker = await open(true);
});
afterEach(() => broker.close());

/** So many records of 400 KB, in one segment where that is asked for. */
async function fill(topic: string, records: number, { rolled }: { rolled: boolean }): Promise<PartitionRef> {
  const context = contextWithin(runtime);
  await broker.service.createTopics(context, { topics: [{ name: topic, partitions: 1 }] });
  for (let index = 0; index < records; index++) {
    await appendOne(broker, runtime, oneRecord(`${index}`, RECORD_BYTES), { topic, partition: 0 });
  }
  const { topicId } = present(await broker.engine.catalog.find(topic, context), "the topic");
  const ref = { topicId, partition: 0 };
  if (!rolled) return ref;
  await spill(broker.engine.context, ref, context);
  await rollPartition(broker.engine.context, ref, { bytes: 1, olderThan: runtime.clock.nowMs() }, context);
  return ref;
}

/** Of each part the address that is answered, or how many bytes of records. */
async function fetched(from: Broker, ...parts: Partial<FetchPart>[]): Promise<unknown[]> {
  const { partitions } = await from.service.fetch(contextWithin(runtime), {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 100_000_000,
    isolation: "read_uncommitted",
    partitions: parts.map((part) => ({ topic: "t", partition: 0, offset: 0, maxBytes: 1, readUrl: true, ...part })),
  });
  return partitions.map((part) => {
    if (!part.ok) return part.error.code;
    const bytes = part.records.reduce((sum, each) => sum + each.byteLength, 0);
    return part.segment === undefined ? bytes > 0 : part.segment.url;
  });
}

const anAddress = expect.stringMatching(/^http:\/\/objects\/topics\/[0-9a-f]{32}\/0\/.+\.log$/);

test("who asks for an address of a segment with much left is given it; who does not, in the same request, records", async () => {
  await fill("t", 4, { rolled: true });
  await fill("other", 4, { rolled: true });
  expect(await fetched(broker, {}, { topic: "other", readUrl: false })).toEqual([anAddress, true]);
});

test("what is staged is never given out, since it holds other topics' batches too, and to look costs no query more", async () => {
  const ref = await fill("t", 4, { rolled: false });
  await spill(broker.engine.context, ref, contextWithin(runtime));
  const queries = [];
  for (const readUrl of [true, false]) {
    counter.reset();
    expect(await fetched(broker, { readUrl })).toEqual([true]);
    queries.push(counter.snapshot().itemQueries);
  }
  expect(queries).toEqual([1, 1]);
});

test("a small segment, and the little that is left of a large one, is sent at once", async () => {
  await fill("t", 4, { rolled: true });
  await fill("small", 2, { rolled: true });
  expect(await fetched(broker, { offset: 2 })).toEqual([true]);
  expect(await fetched(broker, { topic: "small" })).toEqual([true]);
});

test("an offset outside of the log is told, whatever was asked for", async () => {
  await fill("t", 4, { rolled: true });
  expect(await fetched(broker, { offset: 5 })).toEqual(["OffsetOutOfRange"]);
});

test("a segment that was rolled since the head was read is not given out beyond what the head shows", async () => {
  const ref = await fill("t", 4, { rolled: true });
  const { context } = broker.engine;
  const head = await readHead(context, ref, contextWithin(runtime));
  const item = await lookUp(context, ref, 0, contextWithin(runtime));
  const addressOf = (older: object) =>
    segmentAddress(context, item, { offset: 0, head: { ...head, ...older } }, contextWithin(runtime));
  expect(await addressOf({ next: 3, tailBase: 3 })).toBeUndefined();
  expect(await addressOf({})).toMatchObject({ endOffset: 4 });
});

test("a broker that is not told to give addresses, or whose store has none, sends records", async () => {
  await fill("t", 4, { rolled: true });
  const { objects, items } = broker.engine.context;
  const settings = { log: billedLogSettings, readUrls: false };
  const silent = await openTestBroker({ objects, items, counter: new StoreCounter(), runtime, settings });
  expect(await fetched(silent, {})).toEqual([true]);
  await silent.close();
  await broker.close();
  broker = await open(true, new MemoryObjectStore() as AddressedObjects);
  await fill("t", 4, { rolled: true });
  expect(await fetched(broker, {})).toEqual([true]);
});
