import type { TopicDescription } from "../../api/topic-types.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { recordBytes } from "../../records/encode-record.ts";
import { partitionForKey, StickyPartitioner } from "../../records/partitioner.ts";
import type { RecordData } from "../../records/record-data.ts";
import type { Connection } from "../connection.ts";
import { missingPartition, type TopicMetadata } from "../topic-metadata.ts";
import { waitUntil } from "../wait-until.ts";
import type { BufferMemory } from "./buffer-memory.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import type { ProducerSettings } from "./producer-options.ts";
import type { Publication } from "./publication.ts";
import type { Sender } from "./sender.ts";

export interface LaneOptions {
  readonly connection: Connection;
  readonly metadata: TopicMetadata;
  readonly memory: BufferMemory;
  readonly settings: ProducerSettings;
  readonly sender: Sender;
  /** Aborts when the producer gives up, with the error to tell. */
  readonly stopped: AbortSignal;
}

/** Pauses at what has to be waited for, and goes on with what came of it. */
type Waits<T> = Generator<Promise<void>, T, void>;

/** A partition that does not exist is looked for so often at most, in ms. */
const REFRESH_INTERVAL_MS = 1000;

/** One call of `publish` on its way into batches. */
export interface LaneJob {
  readonly publication: Publication;
  readonly records: readonly PreparedRecord[] | Promise<readonly PreparedRecord[]>;
  readonly signal: AbortSignal | undefined;
  /** On the monotonic clock. */
  readonly blockedUntilMs: number;
}

/**
 * Brings what is published to one topic into batches, in the order of the calls: a call that must wait, for
 * knowledge of the topic, for its codec or for room, holds up those behind it.
 */
export class PublishLane {
  readonly #topic: string;
  readonly #options: LaneOptions;
  readonly #sticky: StickyPartitioner;
  readonly #jobs: LaneJob[] = [];
  #refreshedAtMs = Number.NEGATIVE_INFINITY;

  constructor(topic: string, options: LaneOptions) {
    this.#topic = topic;
    this.#options = options;
    this.#sticky = new StickyPartitioner(options.connection.runtime.random);
  }

  submit(job: LaneJob): void {
    if (this.#jobs.length > 0) {
      this.#jobs.push(job);
      return;
    }
    const run = this.#run(job);
    const first = run.next();
    if (first.done) return;
    this.#jobs.push(job);
    void this.#drain(run, first.value);
  }

  /** The batch of this partition is complete: records without a key go elsewhere now. */
  batchCompleted(partition: number): void {
    const topic = this.#options.metadata.cached(this.#topic);
    if (topic !== undefined) this.#sticky.batchCompleted(partition, topic.partitions);
  }

  async #drain(first: Waits<void>, firstWait: Promise<void>): Promise<void> {
    let run = first;
    let wait: Promise<void> | undefined = firstWait;
    while (true) {
      while (wait !== undefined) {
        const failure: unknown = await wait.then(
          () => undefined,
          (error: unknown) => error ?? new Error("no reason"),
        );
        const step: IteratorResult<Promise<void>, void> = failure === undefined ? run.next() : run.throw(failure);
        wait = step.done ? undefined : step.value;
      }
      this.#jobs.shift();
      const job = this.#jobs[0];
      if (job === undefined) return;
      run = this.#run(job);
      const step = run.next();
      wait = step.done ? undefined : step.value;
    }
  }

  // Yields what has to be waited for; runs to its end at once when there is nothing.
  *#run(job: LaneJob): Waits<void> {
    let next = 0;
    try {
      const records = job.records instanceof Promise ? yield* this.#encoded(job.records, job) : job.records;
      for (; next < records.length && !job.publication.settled; next++) {
        const record = records[next] as PreparedRecord;
        if (!this.#appendAtOnce(record, next, job)) yield* this.#appendWaiting(record, next, job);
      }
    } catch (error) {
      job.publication.refuseFrom(next, publishError(error));
    }
  }

  #appendAtOnce(record: PreparedRecord, index: number, job: LaneJob): boolean {
    const partitions = this.#options.metadata.cached(this.#topic)?.partitions;
    if (partitions === undefined || (record.partition ?? 0) >= partitions) return false;
    const bytes = recordBytes(record.data);
    if (!this.#options.memory.tryTake(bytes)) return false;
    this.#enqueue(record, { partitions, bytes, index, job });
    return true;
  }

  *#appendWaiting(record: PreparedRecord, index: number, job: LaneJob): Waits<void> {
    const { memory, settings, sender } = this.#options;
    const bytes = recordBytes(record.data);
    if (bytes > settings.bufferBytes) throw tooLarge(bytes, settings.bufferBytes);
    const partitions = yield* this.#partitionsFor(record, job);
    if (!memory.tryTake(bytes)) {
      const room = memory.take(bytes, job.blockedUntilMs, this.#signalOf(job));
      sender.hurry();
      yield* awaited(room);
    }
    this.#enqueue(record, { partitions, bytes, index, job });
  }

  #enqueue(record: PreparedRecord, to: { partitions: number; bytes: number; index: number; job: LaneJob }): void {
    const partition = record.partition ?? this.#choose(record.data, to.partitions);
    this.#options.sender.append({ topic: this.#topic, partition }, record.data, to.bytes, to.job.publication, to.index);
  }

  #choose(data: RecordData, partitions: number): number {
    return data.key === null ? this.#sticky.partition(partitions) : partitionForKey(data.key, partitions);
  }

  /** How many partitions there are; asks again when the record names one beyond, since topics grow. */
  *#partitionsFor(record: PreparedRecord, job: LaneJob): Waits<number> {
    const partition = record.partition ?? 0;
    let known = this.#options.metadata.cached(this.#topic)?.partitions;
    const nowMs = this.#options.connection.runtime.clock.monotonicMs();
    if (known === undefined || (partition >= known && nowMs - this.#refreshedAtMs > REFRESH_INTERVAL_MS)) {
      this.#refreshedAtMs = nowMs;
      known = (yield* awaited(this.#load(job))).partitions;
    }
    if (partition >= known) throw missingPartition(this.#topic, partition, known);
    return known;
  }

  #load(job: LaneJob): Promise<TopicDescription> {
    const { metadata, settings } = this.#options;
    const loading = metadata.load(this.#topic, { autoCreate: settings.autoCreateTopics });
    return this.#unblocked(loading, job, "knowledge of the topic");
  }

  *#encoded(records: Promise<readonly PreparedRecord[]>, job: LaneJob): Waits<readonly PreparedRecord[]> {
    return yield* awaited(this.#unblocked(records, job, "the codec"));
  }

  #unblocked<T>(work: Promise<T>, job: LaneJob, what: string): Promise<T> {
    return waitUntil(work, {
      clock: this.#options.connection.runtime.clock,
      deadlineMs: job.blockedUntilMs,
      signal: this.#signalOf(job),
      late: () => new LogError("RequestTimedOut", `publish to "${this.#topic}" waited for ${what} beyond maxBlockMs`),
    });
  }

  #signalOf(job: LaneJob): AbortSignal {
    const { stopped } = this.#options;
    return job.signal === undefined ? stopped : AbortSignal.any([stopped, job.signal]);
  }
}

function* awaited<T>(promise: Promise<T>): Waits<T> {
  const arrived: T[] = [];
  yield promise.then((value) => {
    arrived.push(value);
  });
  return arrived[0] as T;
}

function publishError(error: unknown): LogError {
  if (isLogError(error)) return error;
  return new LogError("InvalidArgument", `publish: ${messageOf(error)}`, { cause: error });
}

function tooLarge(bytes: number, bufferBytes: number): LogError {
  const message = `a record of ${bytes} bytes is larger than the producer's whole buffer (bufferBytes: ${bufferBytes})`;
  return new LogError("RecordTooLarge", message, { details: { bytes, bufferBytes } });
}
