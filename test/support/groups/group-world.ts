import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { DeadlineItemStore } from "../../../lib/adapters/wrappers/deadline-item-store.ts";
import { MeteredItemStore } from "../../../lib/adapters/wrappers/metered-item-store.ts";
import { RetryingItemStore } from "../../../lib/adapters/wrappers/retrying-item-store.ts";
import { StoreCounter } from "../../../lib/adapters/wrappers/store-counts.ts";
import { ANONYMOUS, type RequestContext } from "../../../lib/api/log-service.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { silentLogger } from "../../../lib/base/logger.ts";
import { silentMeter } from "../../../lib/base/meter.ts";
import type { Runtime } from "../../../lib/base/runtime.ts";
import { billedLogSettings } from "../../../lib/log/log-settings.ts";
import { type Broker, openBroker } from "../../../lib/service/broker.ts";
import { type BrokerSettings, defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import { Scheduler } from "../../simulation/scheduler.ts";
import { SeededRandom } from "../../simulation/seeded-random.ts";
import { clockOn, runOn } from "../virtual-time.ts";

export interface WorldOptions {
  readonly seed?: number;
  readonly brokers?: number;
  readonly settings?: Partial<BrokerSettings>;
  /** Stands between each broker and the items that all share. */
  readonly around?: (items: ItemStore, world: { scheduler: Scheduler; random: SeededRandom }) => ItemStore;
}

/** Several brokers over one pair of memory stores, on virtual time. */
export class GroupWorld {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly runtime: Runtime;
  readonly counter: StoreCounter;
  readonly items: MemoryItemStore;
  readonly brokers: readonly Broker[];

  private constructor(parts: {
    scheduler: Scheduler;
    random: SeededRandom;
    runtime: Runtime;
    counter: StoreCounter;
    items: MemoryItemStore;
    brokers: readonly Broker[];
  }) {
    this.scheduler = parts.scheduler;
    this.random = parts.random;
    this.runtime = parts.runtime;
    this.counter = parts.counter;
    this.items = parts.items;
    this.brokers = parts.brokers;
  }

  static async open(options: WorldOptions = {}): Promise<GroupWorld> {
    const scheduler = new Scheduler();
    const random = new SeededRandom(options.seed ?? 1);
    const clock = clockOn(scheduler);
    const codecs = synchronousCodecs();
    const runtime = { clock, random: random.fork("runtime"), codecs, logger: silentLogger, meter: silentMeter };
    const counter = new StoreCounter();
    const items = new MemoryItemStore();
    const objects = new MemoryObjectStore();
    const settings = { ...defaultBrokerSettings, log: billedLogSettings, backgroundWork: false, ...options.settings };
    const between = options.around ?? ((store: ItemStore) => store);
    const opening = Array.from({ length: options.brokers ?? 1 }, () => {
      const counted = new MeteredItemStore(between(items, { scheduler, random }), counter);
      const wrapped = new RetryingItemStore(new DeadlineItemStore(counted, clock), { clock, random });
      return openBroker({ objects, items: wrapped, runtime, settings });
    });
    const brokers = await runOn(scheduler, Promise.all(opening));
    return new GroupWorld({ scheduler, random, runtime, counter, items, brokers });
  }

  /** Any of the brokers, as any request may reach any of them. */
  get service(): Broker["service"] {
    return (this.brokers[this.random.below(this.brokers.length)] as Broker).service;
  }

  context(timeoutMs = 15_000): RequestContext {
    return { principal: ANONYMOUS, clientId: "test", deadlineMs: this.scheduler.nowMs + timeoutMs };
  }

  run<T>(work: Promise<T>): Promise<T> {
    return runOn(this.scheduler, work);
  }

  async pass(durationMs: number): Promise<void> {
    await this.scheduler.run(() => false, this.scheduler.nowMs + durationMs);
  }

  async createTopic(name: string, partitions: number): Promise<void> {
    await this.run(this.service.createTopics(this.context(), { topics: [{ name, partitions }] }));
    // Longer than a broker believes that there is none.
    await this.pass(6000);
  }
}
