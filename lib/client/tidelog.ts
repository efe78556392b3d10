import type { LogService } from "../api/log-service.ts";
import { threadedCodecs } from "../base/codecs.ts";
import { LogError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import { silentMeter } from "../base/meter.ts";
import { systemRandom } from "../base/random.ts";
import type { Runtime } from "../base/runtime.ts";
import { systemClock } from "../base/system-clock.ts";
import { Admin } from "./admin.ts";
import { Connection } from "./connection.ts";
import { Consumer } from "./consumer/consumer.ts";
import type { ConsumerOptions } from "./consumer/consumer-options.ts";
import { GroupConsumer } from "./group-consumer/group-consumer.ts";
import type { GroupConsumerOptions } from "./group-consumer/group-consumer-options.ts";
import { type CloseOptions, Producer, type PublishOptions } from "./producer/producer.ts";
import type { ProducerOptions } from "./producer/producer-options.ts";
import type { PublishedRecord, PublishRecord } from "./record-input.ts";
import { type RemoteAddress, remoteService } from "./remote-service.ts";
import { TopicMetadata } from "./topic-metadata.ts";

export interface SharedOptions {
  /** A name for the server's logs. Default "tidelog". */
  readonly clientId?: string | undefined;
  /** How `publish` of this object works; `producer` takes options of its own. */
  readonly producer?: ProducerOptions | undefined;
  /** ms of one request. Default 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** ms after which a topic in use is looked at again for new partitions. Default 5 min. */
  readonly metadataAgeMsMax?: number | undefined;
  /** Clock, randomness and the like; the system's when absent. */
  readonly runtime?: Partial<Runtime> | undefined;
}

/** The log of a server. */
export interface RemoteOptions extends SharedOptions, RemoteAddress {}

/** A log in this process, or reached in some way of one's own. */
export interface ServiceOptions extends SharedOptions {
  readonly service: LogService;
  /** Called once by `close`, last. */
  readonly onClose?: (() => Promise<void> | void) | undefined;
}

export type TidelogOptions = RemoteOptions | ServiceOptions;

const RETRY_BACKOFF_MS = 100;
const RETRY_BACKOFF_MS_MAX = 1000;

/**
 * A log: publishes, reads and administers, over HTTP or in this process.
 *
 * @example
 * await using log = new Tidelog({ endpoint: "http://127.0.0.1:8080" });
 * await log.publish("orders", { key: "customer-7", value: "one coffee" });
 */
export class Tidelog {
  /** Topics, their settings and their offsets. */
  readonly admin: Admin;
  readonly #options: TidelogOptions;
  readonly #connection: Connection;
  readonly #metadata: TopicMetadata;
  readonly #onClose: () => Promise<void> | void;
  readonly #producers = new Set<Producer>();
  readonly #consumers = new Set<Consumer | GroupConsumer>();
  #producer: Producer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TidelogOptions) {
    const runtime = runtimeOf(options.runtime);
    const { service, close } = serviceOf(options, runtime);
    this.#options = options;
    this.#onClose = close;
    this.#connection = new Connection({
      service,
      runtime,
      clientId: options.clientId ?? "tidelog",
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      retryBackoffMs: RETRY_BACKOFF_MS,
      retryBackoffMsMax: RETRY_BACKOFF_MS_MAX,
    });
    this.#metadata = new TopicMetadata({
      connection: this.#connection,
      ageMsMax: options.metadataAgeMsMax ?? 300_000,
      timeoutMs: 60_000,
    });
    this.admin = new Admin(this.#connection, this.#metadata);
  }

  /**
   * Publishes a record, or a list in its order; resolves once all are stored. See `Producer.publish`.
   *
   * @example
   * const { partition, offset } = await log.publish("orders", { key: "customer-7", value: "one coffee" });
   */
  publish<Value = unknown, Key = unknown>(
    topic: string,
    record: PublishRecord<Value, Key>,
    options?: PublishOptions<Value, Key>,
  ): Promise<PublishedRecord>;
  publish<Value = unknown, Key = unknown>(
    topic: string,
    records: readonly PublishRecord<Value, Key>[],
    options?: PublishOptions<Value, Key>,
  ): Promise<PublishedRecord[]>;
  async publish(
    topic: string,
    input: PublishRecord | readonly PublishRecord[],
    options?: PublishOptions,
  ): Promise<PublishedRecord | PublishedRecord[]> {
    this.#checkOpen();
    this.#producer ??= this.producer(this.#options.producer);
    return this.#producer.publish(topic, input as PublishRecord, options);
  }

  /** A producer with its own settings, batches and memory. */
  producer(options: ProducerOptions = {}): Producer {
    this.#checkOpen();
    const { requestTimeoutMs } = this.#options;
    const producer: Producer = new Producer(this.#connection, this.#metadata, { requestTimeoutMs, ...options }, () =>
      this.#producers.delete(producer),
    );
    this.#producers.add(producer);
    return producer;
  }

  /**
   * With `group` a member of a consumer group, which shares the partitions of its topics out among its members;
   * without it a consumer of partitions that are assigned by hand.
   */
  consumer(options: GroupConsumerOptions): GroupConsumer;
  consumer(options?: ConsumerOptions): Consumer;
  consumer(options: ConsumerOptions | GroupConsumerOptions = {}): Consumer | GroupConsumer {
    this.#checkOpen();
    const { requestTimeoutMs } = this.#options;
    const onClosed = (): void => void this.#consumers.delete(consumer);
    const consumer: Consumer | GroupConsumer =
      "group" in options
        ? new GroupConsumer(this.#connection, this.#metadata, { requestTimeoutMs, ...options }, onClosed)
        : new Consumer(this.#connection, this.#metadata, { requestTimeoutMs, ...options }, { onClosed });
    this.#consumers.add(consumer);
    return consumer;
  }

  /** Resolves when all that was published before, by any producer of this log, is decided. */
  async flush(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await Promise.all([...this.#producers].map((producer) => producer.flush(options)));
  }

  /** Closes its consumers, then its producers, which flush first. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: CloseOptions): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer[Symbol.asyncDispose]()));
    await Promise.all([...this.#producers].map((producer) => producer.close(options)));
    await this.#onClose();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new LogError("Closed", "the log is closed");
  }
}

function runtimeOf(given: Partial<Runtime> = {}): Runtime {
  return {
    clock: given.clock ?? systemClock(),
    random: given.random ?? systemRandom,
    codecs: given.codecs ?? threadedCodecs(),
    logger: given.logger ?? silentLogger,
    meter: given.meter ?? silentMeter,
  };
}

function serviceOf(
  options: TidelogOptions,
  runtime: Runtime,
): { service: LogService; close: () => Promise<void> | void } {
  if ("service" in options) return { service: options.service, close: options.onClose ?? (() => {}) };
  const service = remoteService(options, runtime.clock);
  return { service, close: () => service.close() };
}
