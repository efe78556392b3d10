import type { TopicDescription } from "../api/topic-types.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { SingleFlight } from "../base/single-flight.ts";
import type { Connection } from "./connection.ts";
import { retryWhileRetriable } from "./retry.ts";

export interface TopicMetadataOptions {
  readonly connection: Connection;
  /** How old an entry may get before a use of it refreshes it in the background. */
  readonly ageMsMax: number;
  /** How long one look-up goes on, retries included. */
  readonly timeoutMs: number;
}

interface Entry {
  readonly topic: TopicDescription;
  readonly atMs: number;
}

/** What is known of topics: how many partitions there are. Grows with the topics while in use. */
export class TopicMetadata {
  readonly #options: TopicMetadataOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #loads = new SingleFlight<string, TopicDescription>();

  constructor(options: TopicMetadataOptions) {
    this.#options = options;
  }

  /** What is known now; starts a refresh in the background when that is old. */
  cached(name: string): TopicDescription | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (this.#nowMs() - entry.atMs > this.#options.ageMsMax) {
      // A refresh that fails leaves the old knowledge in use; the next use tries again.
      this.load(name, { autoCreate: false }).catch(() => {});
    }
    return entry.topic;
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }

  /**
   * Asks the service, again while it cannot be reached. A topic that is neither there nor created is an
   * `UnknownTopicOrPartition` that says what to do.
   */
  load(name: string, options: { autoCreate: boolean }): Promise<TopicDescription> {
    return this.#loads.run(`${options.autoCreate} ${name}`, () => this.#load(name, options.autoCreate));
  }

  async #load(name: string, autoCreate: boolean): Promise<TopicDescription> {
    const { connection, timeoutMs } = this.#options;
    const { backoff, runtime } = connection;
    const topic = await retryWhileRetriable({ clock: runtime.clock, backoff, timeoutMs, stopAt: isMissing }, () =>
      this.#describe(name, autoCreate),
    );
    this.#entries.set(name, { topic, atMs: this.#nowMs() });
    return topic;
  }

  async #describe(name: string, autoCreate: boolean): Promise<TopicDescription> {
    const request = { names: [name], allowAutoCreate: autoCreate };
    const [result] = await this.#options.connection.request("describeTopics", (service, context) =>
      service.describeTopics(context, request),
    );
    if (result?.ok) return result;
    if (result !== undefined && !isMissing(result.error)) throw result.error;
    this.forget(name);
    throw missingTopic(name, result?.error);
  }

  #nowMs(): number {
    return this.#options.connection.runtime.clock.monotonicMs();
  }
}

function isMissing(error: unknown): boolean {
  return isLogError(error, "UnknownTopicOrPartition", "UnknownTopicId");
}

export function missingTopic(name: string, cause: unknown): LogError {
  const message = `topic "${name}" does not exist; create it with: tidelog topics create ${name}`;
  return new LogError("UnknownTopicOrPartition", message, { details: { topic: name }, cause });
}

export function missingPartition(topic: string, partition: number, partitions: number): LogError {
  const message = `topic "${topic}" has no partition ${partition}: it has ${partitions}, numbered from 0; grow it with: tidelog topics alter ${topic} --partitions ${partition + 1}`;
  return new LogError("UnknownTopicOrPartition", message, { details: { topic, partition, partitions } });
}
