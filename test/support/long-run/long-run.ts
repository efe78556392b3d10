import { StoreCounter, type StoreCounts } from "../../../lib/adapters/wrappers/store-counts.ts";
import { type Call, callWithin } from "../../../lib/base/call.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogSettings } from "../../../lib/log/log-settings.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import type { Broker } from "../../../lib/service/broker.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import { SeededRandom } from "../../simulation/seeded-random.ts";
import { type KeyedAt, keyedBatch, readKeyed } from "../log/keyed-records.ts";
import { SkippingClock } from "../skipping-clock.ts";
import { appendOne, contextWithin, countingRuntime, openTestBroker } from "../test-broker.ts";
import { PartitionModel } from "./partition-model.ts";
import { isCompacted, isStamped, TOPIC_PLANS, type TopicPlan } from "./topic-plans.ts";

/** A pair of stores; opened again, they hold what they held. */
export interface OpenStores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  close(): Promise<void>;
}

export interface LongRunOptions {
  readonly open: () => Promise<OpenStores>;
  readonly log: LogSettings;
  readonly seed: number;
  /** Requests to each partition within a round. */
  readonly produces: number;
}

interface LiveTopic {
  readonly plan: TopicPlan;
  readonly topicId: PartitionRef["topicId"];
  readonly partitions: readonly PartitionModel[];
}

interface Request {
  readonly broker: Broker;
  readonly batch: Uint8Array;
  readonly records: readonly Omit<KeyedAt, "offset">[];
}

const BROKERS = 2;
export const ROUND_MS = 6 * 3_600_000;
const KEYS = 60;
const VALUE_CHARS_MAX = 1500;
const RECORDS_MAX = 8;
const WHOLE: Call = { deadlineMs: Number.POSITIVE_INFINITY };

/** A log that lives through many days: produced to, trimmed, recreated, restarted, and looked after as servers do it. */
export class LongRun implements AsyncDisposable {
  readonly clock = new SkippingClock();
  readonly runtime = { ...countingRuntime(), clock: this.clock };
  readonly #counter = new StoreCounter();
  readonly #options: LongRunOptions;
  readonly #random: SeededRandom;
  readonly #topics = new Map<string, LiveTopic>();
  readonly deletedTopics: LiveTopic[] = [];
  #stores: OpenStores | undefined;
  #brokers: Broker[] = [];
  #records = 0;
  producedBytes = 0;
  produceRequests = 0;
  restarts = 0;

  static async start(options: LongRunOptions): Promise<LongRun> {
    const run = new LongRun(options);
    await run.#open();
    for (const plan of TOPIC_PLANS) await run.#create(plan);
    return run;
  }

  private constructor(options: LongRunOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  get stores(): OpenStores {
    if (this.#stores === undefined) throw new Error("the stores are closed");
    return this.#stores;
  }

  get counts(): StoreCounts {
    return this.#counter.snapshot();
  }

  /** A quarter of a day: some work by everybody, then the upkeep. */
  async round(): Promise<void> {
    const sends: (() => Promise<void>)[] = [];
    for (const topic of [...this.#topics.values()]) {
      await this.#change(topic);
      sends.push(...(await this.#sends(this.#live(topic.plan.name))));
    }
    await Promise.all(sends.map((send) => send()));
    this.clock.skip(ROUND_MS);
    await this.upkeep();
    if (this.#random.chance(0.15)) await this.#restart();
  }

  /** Everything that servers do in the background, each job by any of them. */
  async upkeep(): Promise<void> {
    await this.#broker().maintenance.runRetention({}, WHOLE);
    await this.#broker().maintenance.runRewriting({}, WHOLE);
    await this.#broker().maintenance.runCollection({}, WHOLE);
  }

  /** Reads every partition; tells what is not as it must be. */
  async problems(): Promise<string[]> {
    const problems: string[] = [];
    for (const { plan, topicId, partitions } of this.#topics.values()) {
      for (const [partition, model] of partitions.entries()) {
        const { engine } = this.#broker();
        const { logStart, next } = await readHead(engine.context, { topicId, partition }, this.#call());
        const found = await readKeyed(engine, { topicId, partition }, 1_000_000, logStart);
        const rules = { compacted: isCompacted(plan), stamped: isStamped(plan) };
        const problem = next === model.end ? model.problem(found, logStart, rules) : `it ends at ${next}`;
        if (problem !== undefined) problems.push(`${plan.name}/${partition}: ${problem}`);
      }
    }
    return problems;
  }

  /** The partitions of a topic as it is now. */
  refs(name: string): readonly PartitionRef[] {
    const { topicId, partitions } = this.#live(name);
    return partitions.map((_, partition) => ({ topicId, partition }));
  }

  get engine(): Broker["engine"] {
    return this.#broker().engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const broker of this.#brokers) await broker.close();
    await this.stores.close();
    this.#stores = undefined;
  }

  async #open(): Promise<void> {
    const stores = await this.#options.open();
    this.#stores = stores;
    const { log } = this.#options;
    const parts = { ...stores, counter: this.#counter, runtime: this.runtime, settings: { log } };
    this.#brokers = [];
    for (let broker = 0; broker < BROKERS; broker++) this.#brokers.push(await openTestBroker(parts));
  }

  async #restart(): Promise<void> {
    this.restarts++;
    await this[Symbol.asyncDispose]();
    await this.#open();
  }

  #broker(): Broker {
    return this.#random.pick(this.#brokers);
  }

  #live(name: string): LiveTopic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new Error(`there is no topic ${name}`);
    return topic;
  }

  #call(): Call {
    return callWithin(this.clock, 60_000);
  }

  async #create(plan: TopicPlan): Promise<void> {
    const { name, partitions, configs } = plan;
    const [made] = await this.#broker().service.createTopics(contextWithin(this.runtime), {
      topics: [{ name, partitions, configs }],
    });
    if (made?.ok !== true) throw made?.error ?? new Error("no answer");
    const topicId = made.topicId as LiveTopic["topicId"];
    this.#topics.set(name, {
      plan,
      topicId,
      partitions: Array.from({ length: partitions }, () => new PartitionModel()),
    });
  }

  /** Now and then the topic is made anew, or loses its oldest records. */
  async #change(topic: LiveTopic): Promise<void> {
    const { plan, partitions } = topic;
    if (plan.recreated && (this.deletedTopics.length === 0 ? partitions[0]?.end !== 0 : this.#random.chance(0.2))) {
      const [gone] = await this.#broker().service.deleteTopics(contextWithin(this.runtime), { names: [plan.name] });
      if (gone?.ok !== true) throw gone?.error ?? new Error("no answer");
      this.deletedTopics.push(topic);
      await this.#create(plan);
    }
    const [model] = partitions;
    if (plan.trimmed && model !== undefined && this.#random.chance(0.5)) {
      const beforeOffset = this.#random.between(model.logStart, model.end);
      const part = { topic: plan.name, partition: 0, beforeOffset };
      const reply = await this.#broker().service.deleteRecords(contextWithin(this.runtime), { partitions: [part] });
      const [deleted] = reply.partitions;
      if (deleted?.ok !== true) throw deleted?.error ?? new Error("no answer");
      model.logStart = deleted.logStart;
    }
  }

  /** Drawn beforehand: what happens at the same time draws nothing, so that a seed tells the same story again. */
  async #sends({ plan, partitions }: LiveTopic): Promise<(() => Promise<void>)[]> {
    const timestampMs = this.clock.nowMs();
    const sends: (() => Promise<void>)[] = [];
    for (const [partition, model] of partitions.entries()) {
      const requests: Request[] = [];
      for (let produce = 0; produce < this.#options.produces; produce++) {
        const records = Array.from({ length: this.#random.between(1, RECORDS_MAX) }, () => this.#record(plan));
        const batch = await keyedBatch(records, this.#random.chance(0.2) ? "gzip" : "none", timestampMs);
        const timed = records.map((record, at) => ({
          ...record,
          timestampMs: timestampMs + (isStamped(plan) ? 0 : at),
        }));
        requests.push({ broker: this.#broker(), batch, records: timed });
      }
      sends.push(() => this.#send({ topic: plan.name, partition }, model, requests));
    }
    return sends;
  }

  async #send(
    where: { readonly topic: string; readonly partition: number },
    model: PartitionModel,
    requests: readonly Request[],
  ): Promise<void> {
    for (const { broker, batch, records } of requests) {
      model.append((await appendOne(broker, this.runtime, batch, where)).baseOffset, records);
      this.producedBytes += batch.byteLength;
      this.produceRequests++;
    }
  }

  #record(plan: TopicPlan): { readonly key: string | null; readonly value: string | null } {
    const number = this.#records++;
    const value = `${number} ${"-".repeat(this.#random.below(VALUE_CHARS_MAX))}`;
    if (!isCompacted(plan)) return { key: null, value };
    return { key: `key ${this.#random.below(KEYS)}`, value: this.#random.chance(0.1) ? null : value };
  }
}
