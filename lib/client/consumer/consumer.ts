import {
  EARLIEST_TIMESTAMP,
  LATEST_TIMESTAMP,
  type ListedOffset,
  type TopicPartition,
} from "../../api/record-types.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { abortedError } from "../aborted.ts";
import type { Connection } from "../connection.ts";
import { listOffsets } from "../list-offsets.ts";
import type { TopicMetadata } from "../topic-metadata.ts";
import { Assignments } from "./assignments.ts";
import {
  type Assignment,
  type ConsumerOptions,
  type ConsumerSettings,
  checkFrom,
  checkPoll,
  consumerSettings,
} from "./consumer-options.ts";
import type { ConsumerRecord } from "./consumer-record.ts";
import { Fetcher } from "./fetcher.ts";
import { RecordsAhead } from "./records-ahead.ts";
import { takeRecords } from "./take-records.ts";
import { Waker } from "./waker.ts";

export interface PollOptions {
  /** Default 500. */
  readonly maxRecords?: number | undefined;
  /** ms to wait for the first record. Default 1 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A partition's offset, such as its end. */
export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** How whoever makes a consumer takes part in its work. */
export interface ConsumerHooks {
  onClosed(): void;
  /** Partitions of which `poll` gives nothing for now, though it fetches ahead. */
  isHeld?(place: TopicPartition): boolean;
  /** The first record that a `poll` takes of a partition, some time before it hands it out. */
  onTaken?(first: ConsumerRecord): void;
}

const POLL_RECORDS_DEFAULT = 500;
const POLL_MS_DEFAULT = 1000;
const OFFSETS_MS = 15_000;
/** How long the records of `for await` are waited for at a time: it goes on until the consumer is closed. */
const STREAM_POLL_MS = 60_000;

/**
 * Reads partitions that are assigned by hand, in order, from where it is told. Fetches ahead while the
 * application works. It keeps no offsets in the log: where to go on is the application's to remember.
 *
 * @example
 * const consumer = log.consumer({ assign: "orders", from: "beginning" });
 * for await (const record of consumer) console.log(record.offset, record.text());
 */
export class Consumer {
  readonly #connection: Connection;
  readonly #settings: ConsumerSettings;
  readonly #assignments: Assignments;
  readonly #fetcher: Fetcher;
  readonly #stop = new AbortController();
  readonly #waker: Waker;
  readonly #hooks: ConsumerHooks;
  readonly #ahead = new RecordsAhead();
  #preparing: Promise<void> | undefined;
  #prepareFailure: LogError | undefined;
  #polling = false;
  #wokenUp = false;

  /** Made by `Tidelog.consumer`. */
  constructor(connection: Connection, metadata: TopicMetadata, options: ConsumerOptions, hooks: ConsumerHooks) {
    this.#hooks = hooks;
    this.#connection = connection;
    this.#settings = consumerSettings(options);
    this.#assignments = new Assignments(connection, metadata, this.#settings);
    this.#waker = new Waker(connection.runtime.clock);
    this.#fetcher = new Fetcher({
      connection,
      settings: this.#settings,
      stopped: this.#stop.signal,
      onChange: () => this.#waker.wake(),
    });
    if (options.assign !== undefined) this.assign(options.assign);
  }

  /** Replaces what is assigned. Partitions that stay assigned keep their positions, unless given a `from`. */
  assign(assignments: Assignment | readonly Assignment[]): void {
    this.#checkOpen("assign");
    this.#assignments.assign(Array.isArray(assignments) ? assignments : [assignments as Assignment]);
    this.#prepareFailure = undefined;
    this.#waker.wake();
  }

  /** The partitions that are read now; those of whole topics are known after the first `poll` or `position`. */
  assignment(): TopicPartition[] {
    return [...this.#assignments.partitions].map(({ topic, partition }) => ({ topic, partition }));
  }

  /**
   * The next records, as soon as there are any; none when the time is over. Records of one partition come in
   * the order of their offsets. While the server cannot be reached nothing comes, and it is tried again.
   *
   * @throws LogError `UnknownTopicOrPartition`, `OffsetOutOfRange`, `CorruptMessage` (each names topic and
   * partition), `Aborted`, `Closed`, and what the server refuses
   */
  async poll(options: PollOptions = {}): Promise<ConsumerRecord[]> {
    this.#checkOpen("poll");
    if (this.#polling) throw new LogError("InvalidArgument", "poll: the poll before is not over yet");
    if (this.#assignments.isEmpty) throw new LogError("InvalidArgument", "poll: nothing is assigned; see assign");
    this.#polling = true;
    try {
      return await this.#poll(options);
    } finally {
      this.#polling = false;
    }
  }

  /** All records from here on, until the consumer is closed or the loop is left. */
  [Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, undefined> {
    return this.stream();
  }

  /** As `for await`, with a signal. A loop that is left goes on at the record after the last it was given. */
  async *stream(options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<ConsumerRecord, void, undefined> {
    try {
      while (!this.#stop.signal.aborted) {
        const record = this.#ahead.next();
        if (record !== undefined) yield record;
        else this.#ahead.add(await this.poll({ timeoutMs: STREAM_POLL_MS, signal: options.signal }));
      }
    } catch (error) {
      if (!isLogError(error, "Closed")) throw error;
    } finally {
      this.#giveBack(this.#ahead.remove());
    }
  }

  /** The next record of this partition will be the one at `offset`, or the first one after it. */
  seek(place: TopicPartition, offset: number): void {
    checkFrom({ offset });
    for (const partition of this.#seekable([place])) partition.moveTo(offset);
    this.#waker.wake();
  }

  /** To the log's start; all partitions when none is named. */
  seekToBeginning(...places: readonly TopicPartition[]): void {
    for (const partition of this.#seekable(places)) partition.seek("beginning");
    this.#waker.wake();
  }

  /** To what will be the end at the next `poll` or `position`; all partitions when none is named. */
  seekToEnd(...places: readonly TopicPartition[]): void {
    for (const partition of this.#seekable(places)) partition.seek("end");
    this.#waker.wake();
  }

  /** To the first record at or after a time, else the end; all partitions when none is named. */
  seekToTimestamp(timestamp: number | Date, ...places: readonly TopicPartition[]): void {
    checkFrom({ timestamp });
    for (const partition of this.#seekable(places)) partition.seek({ timestamp });
    this.#waker.wake();
  }

  /** The offset of the next record that `poll` would give. */
  async position(place: TopicPartition, options: { signal?: AbortSignal } = {}): Promise<number> {
    this.#checkOpen("position");
    const [partition] = this.#assignments.named([place]);
    while (partition !== undefined && partition.start !== undefined) {
      if (options.signal?.aborted) throw abortedError("position", options.signal);
      await this.#prepare();
      this.#throwPrepareFailure();
    }
    return partition?.position ?? 0;
  }

  /** Where each partition stands; those for which that is not known yet are left out. */
  positions(): PartitionOffset[] {
    const known = [...this.#assignments.partitions].filter(({ start }) => start === undefined);
    return known.map(({ topic, partition, position: offset }) => ({ topic, partition, offset }));
  }

  /** Log starts; of all assigned partitions when none is named. */
  beginningOffsets(...places: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    return this.offsetsForTimes(EARLIEST_TIMESTAMP, ...places);
  }

  /** High watermarks, or last stable offsets with `read_committed`; of all assigned partitions when none is named. */
  endOffsets(...places: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    return this.offsetsForTimes(LATEST_TIMESTAMP, ...places);
  }

  /** The first offset at or after a time, -1 where there is none; of all assigned partitions when none is named. */
  async offsetsForTimes(
    timestamp: number | Date,
    ...places: readonly TopicPartition[]
  ): Promise<(TopicPartition & ListedOffset)[]> {
    this.#checkOpen("offsetsForTimes");
    if (places.length === 0 && this.#assignments.needsPreparing()) {
      await this.#prepare();
      this.#throwPrepareFailure();
    }
    const asked = places.length > 0 ? places : this.assignment();
    return listOffsets(
      this.#connection,
      asked.map(({ topic, partition }) => ({ topic, partition, timestamp: Number(timestamp) })),
      { isolation: this.#settings.isolation, timeoutMs: OFFSETS_MS, signal: this.#stop.signal },
    );
  }

  /** Nothing comes of these until they are resumed; all partitions when none is named. */
  pause(...places: readonly TopicPartition[]): void {
    this.#checkOpen("pause");
    const paused = this.#assignments.named(places);
    for (const partition of paused) partition.paused = true;
    this.#giveBack(this.#ahead.remove(paused));
  }

  resume(...places: readonly TopicPartition[]): void {
    this.#checkOpen("resume");
    for (const partition of this.#assignments.named(places)) partition.paused = false;
    this.#waker.wake();
  }

  paused(): TopicPartition[] {
    const paused = [...this.#assignments.partitions].filter((partition) => partition.paused);
    return paused.map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Ends a `poll` that waits, or the next one that would: it gives nothing. */
  wakeup(): void {
    this.#wokenUp = true;
    this.#waker.wake();
  }

  /** Stops fetching; a `poll` that waits fails with `Closed`, a `for await` ends. */
  async close(): Promise<void> {
    this.#stop.abort(new LogError("Closed", "the consumer is closed"));
    this.#waker.wake();
    this.#hooks.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #poll({
    maxRecords = POLL_RECORDS_DEFAULT,
    timeoutMs = POLL_MS_DEFAULT,
    signal,
  }: PollOptions): Promise<ConsumerRecord[]> {
    checkPoll({ maxRecords, timeoutMs });
    const { clock, codecs } = this.#connection.runtime;
    const { partitions } = this.#assignments;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    while (true) {
      this.#checkOpen("poll");
      if (signal?.aborted) throw abortedError("poll", signal);
      if (this.#assignments.needsPreparing()) void this.#prepare();
      // One look at the clock for both: what is not ready now has an end of its pause to wait for.
      const nowMs = clock.monotonicMs();
      this.#fetcher.launch(partitions, nowMs);
      const records = await takeRecords(partitions, {
        maxRecords,
        codecs,
        decoders: this.#settings.topics,
        isHeld: (place) => this.#hooks.isHeld?.(place) ?? false,
        onTaken: (first) => this.#hooks.onTaken?.(first),
      });
      if (records.length > 0) {
        // The next ones come while the application works on these.
        this.#fetcher.launch(partitions, clock.monotonicMs());
        return records;
      }
      this.#throwPrepareFailure();
      this.#throwFailure();
      if (nowMs >= deadlineMs || this.#wokenUp) {
        this.#wokenUp = false;
        return [];
      }
      const waitMs = Math.min(deadlineMs, this.#retryAtMs(nowMs)) - clock.monotonicMs();
      await this.#waker.wait(Math.max(0, waitMs), signal);
    }
  }

  #prepare(): Promise<void> {
    this.#preparing ??= this.#assignments.prepare(this.#stop.signal).then(
      () => this.#prepared(undefined),
      (error: unknown) => this.#prepared(error),
    );
    return this.#preparing;
  }

  #prepared(error: unknown): void {
    this.#preparing = undefined;
    if (isLogError(error)) this.#prepareFailure = error;
    else if (error !== undefined)
      this.#prepareFailure = new LogError("UnknownServerError", "prepare failed", { cause: error });
    this.#waker.wake();
  }

  #throwPrepareFailure(): void {
    const failure = this.#prepareFailure;
    this.#prepareFailure = undefined;
    if (failure === undefined) return;
    this.#checkOpen("poll");
    // What may pass is tried again by the next round; that a topic is missing is for the application to know.
    if (!failure.retriable || failure.code === "UnknownTopicOrPartition") throw failure;
  }

  #throwFailure(): void {
    for (const partition of this.#assignments.partitions) {
      const { failure } = partition;
      if (failure === undefined || partition.paused || partition.bufferedBytes > 0) continue;
      partition.failure = undefined;
      throw failure;
    }
  }

  #retryAtMs(nowMs: number): number {
    let retryAtMs = Number.POSITIVE_INFINITY;
    for (const { notBeforeMs } of this.#assignments.partitions) {
      if (notBeforeMs > nowMs) retryAtMs = Math.min(retryAtMs, notBeforeMs);
    }
    return retryAtMs;
  }

  #seekable(places: readonly TopicPartition[]): ReturnType<Assignments["named"]> {
    this.#checkOpen("seek");
    const sought = this.#assignments.named(places);
    this.#ahead.remove(sought);
    return sought;
  }

  #giveBack(records: readonly ConsumerRecord[]): void {
    if (this.#stop.signal.aborted) return;
    for (const record of records.toReversed()) this.#assignments.find(record)?.moveTo(record.offset);
  }

  #checkOpen(what: string): void {
    if (this.#stop.signal.aborted) throw new LogError("Closed", `${what}: the consumer is closed`);
  }
}
