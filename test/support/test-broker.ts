import { DeadlineItemStore } from "../../lib/adapters/wrappers/deadline-item-store.ts";
import { DeadlineObjectStore } from "../../lib/adapters/wrappers/deadline-object-store.ts";
import { MeteredItemStore } from "../../lib/adapters/wrappers/metered-item-store.ts";
import { MeteredObjectStore } from "../../lib/adapters/wrappers/metered-object-store.ts";
import { RetryingItemStore } from "../../lib/adapters/wrappers/retrying-item-store.ts";
import { RetryingObjectStore } from "../../lib/adapters/wrappers/retrying-object-store.ts";
import type { StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import { ANONYMOUS, type RequestContext } from "../../lib/api/log-service.ts";
import type { Appended, Fetched } from "../../lib/api/record-types.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { synchronousCodecs } from "../../lib/base/codecs.ts";
import { silentLogger } from "../../lib/base/logger.ts";
import { systemRandom } from "../../lib/base/random.ts";
import type { Runtime } from "../../lib/base/runtime.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { encodeUncompressedBatch } from "../../lib/records/encode-batch.ts";
import { type Broker, openBroker } from "../../lib/service/broker.ts";
import { type BrokerSettings, defaultBrokerSettings } from "../../lib/service/broker-settings.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";

/** Counts what the engine reports under its own names ("log.spill"). */
export interface CountingRuntime extends Runtime {
  readonly counted: ReadonlyMap<string, number>;
}

export function countingRuntime(): CountingRuntime {
  const counted = new Map<string, number>();
  const count = (name: string, by = 1): unknown => counted.set(name, (counted.get(name) ?? 0) + by);
  return {
    clock: systemClock(),
    random: systemRandom,
    codecs: synchronousCodecs(),
    logger: silentLogger,
    meter: { count, observe() {} },
    counted,
  };
}

export interface TestBrokerOptions {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly counter: StoreCounter;
  readonly runtime: Runtime;
  readonly settings?: Partial<BrokerSettings>;
}

/** A broker as a composition root would make it: counted, with deadlines and retries, without background work. */
export function openTestBroker({ objects, items, counter, runtime, settings }: TestBrokerOptions): Promise<Broker> {
  const deadlineObjects = new DeadlineObjectStore(new MeteredObjectStore(objects, counter), runtime.clock);
  const deadlineItems = new DeadlineItemStore(new MeteredItemStore(items, counter), runtime.clock);
  return openBroker({
    objects: new RetryingObjectStore(deadlineObjects, runtime),
    items: new RetryingItemStore(deadlineItems, runtime),
    runtime,
    settings: { ...defaultBrokerSettings, backgroundWork: false, ...settings },
  });
}

export function contextWithin(runtime: Runtime, timeoutMs = 30_000): RequestContext {
  return { principal: ANONYMOUS, clientId: "test", deadlineMs: runtime.clock.monotonicMs() + timeoutMs };
}

/** One batch of one record whose value has `bytes` bytes and says who wrote it. */
export function oneRecord(label: string, bytes: number, producer?: Parameters<typeof encodeUncompressedBatch>[1]) {
  const value = utf8(label.padEnd(bytes, "."));
  return encodeUncompressedBatch([{ key: null, value, headers: [], timestampMs: 1_700_000_000_000 }], producer);
}

/** Appends to one partition; throws its error. */
export async function appendOne(
  broker: Broker,
  runtime: Runtime,
  records: Uint8Array,
  where = { topic: "t", partition: 0 },
): Promise<Appended> {
  const { partitions } = await broker.service.produce(contextWithin(runtime), {
    acks: -1,
    partitions: [{ ...where, records }],
  });
  const [result] = partitions;
  if (result === undefined || !result.ok) throw result?.error ?? new Error("no answer");
  return result;
}

/** Reads one partition once, without waiting; throws its error. */
export async function fetchOnce(
  broker: Broker,
  runtime: Runtime,
  request: {
    readonly offset: number;
    readonly maxBytes?: number;
    readonly topic?: string;
    readonly partition?: number;
  },
): Promise<Fetched> {
  const { offset, maxBytes = 1024 * 1024, topic = "t", partition = 0 } = request;
  const { partitions } = await broker.service.fetch(contextWithin(runtime), {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes,
    isolation: "read_uncommitted",
    partitions: [{ topic, partition, offset, maxBytes }],
  });
  const [result] = partitions;
  if (result === undefined || !result.ok) throw result?.error ?? new Error("no answer");
  return result;
}
