import { LogError } from "../../base/errors.ts";
import { abortedError } from "../aborted.ts";
import type { Encoders } from "../codec.ts";
import type { Connection } from "../connection.ts";
import type { PublishedRecord, PublishRecord } from "../record-input.ts";
import type { TopicMetadata } from "../topic-metadata.ts";
import { BufferMemory } from "./buffer-memory.ts";
import { CopyRoom } from "./copy-room.ts";
import { type PreparedRecord, prepareRecord } from "./prepare-record.ts";
import { type ProducerOptions, type ProducerSettings, producerSettings } from "./producer-options.ts";
import { Publication } from "./publication.ts";
import { PublishLane } from "./publish-lane.ts";
import { Sender } from "./sender.ts";

export interface PublishOptions<Value = unknown, Key = unknown> extends Encoders<Value, Key> {
  /**
   * Stops waiting: `publish` rejects with `Aborted`, whose effect is "unknown" once a record was on its way
   * (it may still be stored).
   */
  readonly signal?: AbortSignal | undefined;
}

export interface CloseOptions {
  /** ms for what is on its way. Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

export const CLOSE_TIMEOUT_MS = 30_000;

/**
 * Publishes records: gathers them in batches per partition, sends several requests at a time, and retries
 * without changing their order. Idempotent unless told otherwise: what is acknowledged is stored once.
 */
export class Producer {
  readonly #connection: Connection;
  readonly #metadata: TopicMetadata;
  readonly #settings: ProducerSettings;
  readonly #memory: BufferMemory;
  readonly #sender: Sender;
  readonly #room = new CopyRoom();
  readonly #lanes = new Map<string, PublishLane>();
  readonly #stop = new AbortController();
  /** What was published and is not decided, for `flush`. */
  readonly #publications = new Set<Publication>();
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  /** Made by `Tidelog.producer`. */
  constructor(connection: Connection, metadata: TopicMetadata, options: ProducerOptions, onClosed: () => void) {
    this.#onClosed = onClosed;
    this.#connection = connection;
    this.#metadata = metadata;
    this.#settings = producerSettings(options);
    this.#memory = new BufferMemory(connection.runtime.clock, this.#settings.bufferBytes);
    this.#sender = new Sender({
      connection,
      metadata,
      memory: this.#memory,
      settings: this.#settings,
      onBatchComplete: (topic, partition) => this.#lanes.get(topic)?.batchCompleted(partition),
    });
  }

  /**
   * Publishes a record, or a list in its order, and resolves once all are acknowledged. Waits while the
   * producer's memory is full. Nothing of a list is sent when one of its records is malformed; what fails later
   * is told in the error's `details.outcomes`, record by record.
   *
   * @throws LogError `RecordTooLarge`, `UnknownTopicOrPartition`, `RequestTimedOut` (nothing was stored),
   * `OutcomeUnknown` (it may have been stored), `InvalidArgument`, `Aborted`, `Closed` and the server's refusals
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
    options: PublishOptions = {},
  ): Promise<PublishedRecord | PublishedRecord[]> {
    if (this.#closing !== undefined) throw new LogError("Closed", "publish: the producer is closed");
    if (typeof topic !== "string" || topic === "") {
      throw new LogError("InvalidArgument", "topic: expected a name", { details: { field: "topic" } });
    }
    const records = isList(input) ? input : [input];
    const prepared = this.#prepare(topic, records, options);
    const publication = new Publication(records.length, options.signal);
    this.#publications.add(publication);
    try {
      this.#submit(topic, publication, prepared, options.signal);
      const published = await publication.promise;
      return isList(input) ? published : (published[0] as PublishedRecord);
    } finally {
      this.#publications.delete(publication);
    }
  }

  /** Sends at once what lingers, and resolves when all that was published before is decided. Never rejects. */
  async flush(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const settled = this.#settled();
    if (options.signal === undefined) return settled;
    const { signal } = options;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(abortedError("flush", signal));
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
      void settled.then(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
    });
  }

  /** Flushes, then gives up what is not decided in time: `OutcomeUnknown` if it was sent, else `Closed`. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? CLOSE_TIMEOUT_MS);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #prepare(
    topic: string,
    records: readonly PublishRecord[],
    options: PublishOptions,
  ): readonly PreparedRecord[] | Promise<readonly PreparedRecord[]> {
    const ofTopic = this.#settings.topics[topic];
    const encoders = { value: options.value ?? ofTopic?.value, key: options.key ?? ofTopic?.key };
    const preparing = { topic, encoders, nowMs: this.#connection.runtime.clock.nowMs(), room: this.#room };
    const prepared = records.map((record) => prepareRecord(record, preparing));
    if (!prepared.some((record) => record instanceof Promise)) return prepared as PreparedRecord[];
    const all = Promise.all(prepared);
    // It is looked at when its turn comes; until then a failure is nobody's.
    all.catch(() => {});
    return all;
  }

  #submit(
    topic: string,
    publication: Publication,
    records: readonly PreparedRecord[] | Promise<readonly PreparedRecord[]>,
    signal: AbortSignal | undefined,
  ): void {
    let lane = this.#lanes.get(topic);
    if (lane === undefined) {
      lane = new PublishLane(topic, {
        connection: this.#connection,
        metadata: this.#metadata,
        memory: this.#memory,
        settings: this.#settings,
        sender: this.#sender,
        stopped: this.#stop.signal,
      });
      this.#lanes.set(topic, lane);
    }
    const blockedUntilMs = this.#connection.runtime.clock.monotonicMs() + this.#settings.maxBlockMs;
    lane.submit({ publication, records, signal, blockedUntilMs });
  }

  async #settled(): Promise<void> {
    const before = Promise.allSettled([...this.#publications].map((publication) => publication.promise));
    await this.#sender.hurryUntil(before);
    // With acks 0 the answer came before the sending.
    if (this.#settings.acks === 0) await this.#sender.drained();
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock } = this.#connection.runtime;
    let late: (() => void) | undefined;
    const lateness = new Promise<void>((resolve) => {
      late = resolve;
    });
    const timer = clock.startTimer(timeoutMs, () => late?.());
    const done = this.#settled().then(() => this.#sender.drained());
    await Promise.race([done, lateness]);
    timer.cancel();
    const error = new LogError("Closed", "the producer was closed before the record could be sent");
    this.#stop.abort(error);
    this.#sender.abandon(error);
    this.#onClosed();
  }
}

function isList(input: PublishRecord | readonly PublishRecord[]): input is readonly PublishRecord[] {
  return Array.isArray(input);
}
