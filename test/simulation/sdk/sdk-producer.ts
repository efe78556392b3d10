import { isLogError } from "../../../lib/base/errors.ts";
import type { Producer } from "../../../lib/client/producer/producer.ts";
import type { PublishedRecord, PublishOutcome, PublishRecord } from "../../../lib/client/record-input.ts";
import { Tidelog } from "../../../lib/client/tidelog.ts";
import { expectLogError } from "../clients/errors.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import type { LedgerRecord } from "./record-ledger.ts";
import { remoteLog } from "./remote-log.ts";
import type { SdkProducerStory } from "./sdk-story.ts";

const REQUEST_TIMEOUT_MS = 12_000;
const CLOSE_TIMEOUT_MS = 120_000;
const KEYS = 6;

/** The product's producer at work: publishes, and writes down what it is told of every record. */
export class SdkProducer {
  readonly #world: World;
  readonly #story: SdkProducerStory;
  readonly #client: SimulatedProcess;
  readonly #random: SeededRandom;
  readonly #pause: (ms: number) => Promise<void>;
  #made = 0;

  /** It pauses with all clients, unless told otherwise. */
  constructor(world: World, story: SdkProducerStory, pause = (ms: number): Promise<void> => world.tide.pause(ms)) {
    this.#world = world;
    this.#pause = pause;
    this.#story = story;
    this.#client = world.client(story.name);
    this.#random = world.fork(story.name);
  }

  async run(stopping: () => boolean): Promise<void> {
    const { batchBytes, lingerMs, maxInFlight, compression, deliveryTimeoutMs } = this.#story;
    const service = this.#world.clientService(remoteLog(this.#world, this.#client));
    const { runtime } = this.#client;
    const metadataAgeMsMax = this.#story.metadataAgeMs;
    const log = new Tidelog({ service, clientId: this.#story.name, runtime, metadataAgeMsMax });
    const producer = log.producer({
      batchBytes,
      lingerMs,
      maxInFlight,
      compression,
      deliveryTimeoutMs,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      maxBlockMs: deliveryTimeoutMs,
      autoCreateTopics: false,
    });
    const calls: Promise<void>[] = [];
    while (!stopping()) {
      await this.#pause(this.#random.around(this.#story.pauseMs));
      calls.push(this.#publish(producer));
    }
    await Promise.all(calls);
    await log.close({ timeoutMs: CLOSE_TIMEOUT_MS });
  }

  async #publish(producer: Producer): Promise<void> {
    const topic = this.#random.pick(this.#story.topics);
    const count = this.#random.between(1, this.#story.recordsMax);
    const entries = Array.from({ length: count }, () => this.#newEntry(topic));
    const records = entries.map(({ name }) => this.#record(topic, name));
    try {
      const published = await producer.publish(topic, records);
      for (const [at, entry] of entries.entries()) this.#decide(entry, published[at]);
    } catch (error) {
      const known = expectLogError(this.#world.history, `publish by ${this.#story.name}`, error);
      const outcomes = known?.details?.outcomes as readonly PublishOutcome[] | undefined;
      for (const [at, entry] of entries.entries()) this.#decide(entry, outcomes?.[at] ?? known);
    }
  }

  #newEntry(topic: string): LedgerRecord {
    const order = this.#made++;
    return this.#world.records.publishing({
      name: `${this.#story.name}/${order}`,
      producer: this.#story.name,
      order,
      topic,
    });
  }

  /** To a partition that is named, that a key stands for, or that the SDK chooses. */
  #record(topic: string, name: string): PublishRecord {
    const value = `${name} `.padEnd(this.#story.valueBytes, ".");
    const partitions = this.#world.story.topics.find((each) => each.name === topic)?.partitions ?? 1;
    switch (this.#random.below(3)) {
      case 0:
        return { value, partition: this.#random.below(partitions) };
      case 1:
        return { value, key: `key-${this.#random.below(KEYS)}` };
      default:
        return { value };
    }
  }

  #decide(entry: LedgerRecord, outcome: PublishedRecord | PublishOutcome | undefined): void {
    const { trace } = this.#world;
    if (outcome !== undefined && !isLogError(outcome)) {
      const { partition, offset } = outcome;
      entry.outcome = { kind: "published", partition, offset };
      trace.note(this.#story.name, `${entry.name} is published at ${entry.topic}-${partition} offset ${offset}`);
      return;
    }
    entry.outcome = { kind: outcome?.effect === "none" ? "refused" : "unknown" };
    trace.note(this.#story.name, `${entry.name} is ${entry.outcome.kind}: ${outcome?.code} ${outcome?.message}`);
  }
}
