import type { TopicPartition } from "../../api/record-types.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import type { Connection } from "../connection.ts";
import type { PartitionOffset, PollOptions } from "../consumer/consumer.ts";
import { checkPoll } from "../consumer/consumer-options.ts";
import type { ConsumerRecord } from "../consumer/consumer-record.ts";
import type { TopicMetadata } from "../topic-metadata.ts";
import { fetchPlaces } from "./fetch-places.ts";
import {
  type CommitOptions,
  type CommittedPlace,
  type GroupConsumerOptions,
  type OffsetToCommit,
  wrong,
} from "./group-consumer-options.ts";
import { placeOf, placesOf } from "./group-partition.ts";
import { COMMIT_MS, GroupReader } from "./group-reader.ts";
import { type Handler, RecordLanes, type RunOptions } from "./record-lanes.ts";
import { type SubscribeOptions, subscriptionOf, type Topics } from "./subscription.ts";
import { within } from "./within.ts";

type Use = "poll" | "run" | "for await";

const POLL_RECORDS_DEFAULT = 500;
const POLL_MS_DEFAULT = 1000;
const STREAM_POLL_MS = 60_000;
/** Of the time to close in: then what is done must be committed, and the group left. */
const HANDLERS_SHARE = 2 / 3;

/**
 * A member of a consumer group: reads the partitions that the group gives it, from where the group is in them, and
 * commits how far it came. At least once: a record counts as consumed when the application asks for the next ones,
 * or when its handler is over.
 *
 * @example
 * await using consumer = log.consumer({ group: "billing" });
 * consumer.subscribe("orders", { fromBeginning: true });
 * await consumer.run({ eachRecord: async (record) => charge(record.json()) });
 */
export class GroupConsumer {
  readonly #connection: Connection;
  readonly #group: GroupReader;
  readonly #onClosed: () => void;
  #use: Use | undefined;
  /** Of the run or the poll that is going on. */
  #working: Promise<unknown> = Promise.resolve();
  /** Whether the body of a `for await` is at work on its record. */
  #isInLoop = false;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  /** Made by `Tidelog.consumer`. */
  constructor(connection: Connection, metadata: TopicMetadata, options: GroupConsumerOptions, onClosed: () => void) {
    this.#connection = connection;
    this.#group = new GroupReader(connection, metadata, options);
    this.#onClosed = onClosed;
  }

  /** The member's id in the group; another one after it has been removed from it. */
  get memberId(): string {
    return this.#group.membership.memberId;
  }

  /**
   * What to read, in place of any subscription before: topics, or a pattern that topics may come to match later.
   * The consumer joins the group with the next `poll`.
   *
   * @example
   * consumer.subscribe({ pattern: "orders-.*" }, { fromBeginning: true, onRevoked: (partitions) => flush(partitions) });
   */
  subscribe(topics: Topics, options: SubscribeOptions = {}): void {
    this.#group.checkOpen("subscribe");
    this.#group.subscribe(subscriptionOf(topics, options, this.#group.settings));
  }

  /** Commits, lets go of all partitions, and leaves the group. */
  async unsubscribe(): Promise<void> {
    this.#group.checkOpen("unsubscribe");
    this.#checkUnused("unsubscribe");
    try {
      await this.#group.leave({ asked: true, timeoutMs: this.#group.settings.closeTimeoutMs });
    } finally {
      this.#group.subscription = undefined;
      this.#group.busySinceMs = undefined;
    }
  }

  /** What the group has given to this consumer. */
  assignment(): TopicPartition[] {
    return this.#group.assignment();
  }

  /**
   * The next records, as soon as there are any; none when the time is over. Those of the poll before count as
   * consumed. Rebalances happen within polls: listeners are called by them.
   *
   * @throws LogError what the group refuses (`InvalidRegularExpression`, `UnreleasedInstanceId`,
   * `FencedInstanceId`, `GroupMaxSizeReached`, `GroupAuthorizationFailed`, …); `OffsetOutOfRange` with
   * `autoOffsetReset: "none"`; `CorruptMessage`, `Aborted`, `Closed`; and whatever a listener throws
   */
  async poll(options: PollOptions = {}): Promise<ConsumerRecord[]> {
    const { maxRecords = POLL_RECORDS_DEFAULT, timeoutMs = POLL_MS_DEFAULT, signal } = options;
    checkPoll({ maxRecords, timeoutMs });
    return this.#using("poll", async () => {
      this.#group.progress.finishAll();
      const records = await this.#group.take({ maxRecords, timeoutMs, signal });
      this.#group.progress.handOut(records);
      return records;
    });
  }

  /** All records from here on, until the consumer is closed or the loop is left. */
  [Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, undefined> {
    return this.stream();
  }

  /** As `for await`, with a signal. A record counts as consumed when the next one is asked for. */
  async *stream(options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<ConsumerRecord, void, undefined> {
    const { ahead, membership, progress } = this.#group;
    try {
      while (!this.#group.stopped.aborted) {
        ahead.add(await this.#using("for await", () => this.#nextOf(options.signal)));
        const { incarnation } = membership;
        while (membership.incarnation === incarnation && !this.#group.changes.isDue) {
          const mayGive = !this.#group.stopped.aborted && !membership.isDoubtful;
          const record = mayGive ? ahead.next() : undefined;
          if (record === undefined) break;
          progress.give(record);
          this.#group.busySinceMs = this.#nowMs();
          this.#isInLoop = true;
          yield record;
          this.#isInLoop = false;
          if (progress.isGiven(record)) progress.finish(record);
        }
        this.#group.giveBack(ahead.remove());
      }
    } catch (error) {
      if (!isLogError(error, "Closed")) throw error;
    } finally {
      this.#isInLoop = false;
      this.#group.giveBack(ahead.remove());
    }
  }

  /**
   * Hands every record, or what came of one partition at a time, to a handler, until the signal aborts or the
   * consumer is closed. Records of one partition come one after another; `concurrency` partitions are worked on at
   * a time. A handler that throws ends the run with its error: its record is not consumed, and comes again.
   */
  async run(options: RunOptions): Promise<void> {
    const { concurrency = 1, maxRecords = POLL_RECORDS_DEFAULT, signal } = options;
    if ("eachRecord" in options === "eachBatch" in options) throw wrong("run", "give either eachRecord or eachBatch");
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) throw wrong("concurrency", `got ${concurrency}`);
    checkPoll({ maxRecords, timeoutMs: STREAM_POLL_MS });
    await this.#using("run", () => this.#run(options, { concurrency, maxRecords, signal }));
  }

  /**
   * Commits these places, or without any how far the application has come: all that `poll` has handed out, `for
   * await` has given, or handlers have finished. Resolves when it is done; is repeated while the server is away.
   *
   * @throws LogError `UnknownMemberId`, `StaleMemberEpoch` or `GroupIdNotFound` when the partitions are this
   * consumer's no more (nothing was committed; not retried), `OffsetOutOfRange`, `OffsetMetadataTooLarge`, …
   */
  async commit(offsets?: OffsetToCommit | readonly OffsetToCommit[], options: CommitOptions = {}): Promise<void> {
    // While it closes, listeners still commit what they are about to lose.
    if (this.#isClosed) this.#group.checkOpen("commit");
    const { owned } = this.#group.membership;
    const given = offsets === undefined ? undefined : [offsets].flat();
    for (const part of given ?? []) this.#group.progress.commits(part);
    const parts =
      given?.map((part) => ({ ...part, topicId: owned.get(placeOf(part))?.topicId })) ??
      this.#group.changes.uncommitted(owned, { asked: true });
    await this.#group.commits.commit(parts, { timeoutMs: options.timeoutMs ?? COMMIT_MS, signal: options.signal });
  }

  /** As `commit`, without waiting: `done` is told how it ended. */
  commitAsync(
    offsets?: OffsetToCommit | readonly OffsetToCommit[],
    done?: (error: LogError | undefined) => void,
  ): void {
    this.commit(offsets).then(
      () => done?.(undefined),
      (error: unknown) => {
        const told = isLogError(error) ? error : new LogError("UnknownServerError", messageOf(error), { cause: error });
        this.#connection.runtime.logger.warn("commit failed", { group: this.#group.settings.group, code: told.code });
        done?.(told);
      },
    );
  }

  /** What the group has committed; for all partitions of this consumer when none is named. */
  async committed(...places: readonly TopicPartition[]): Promise<CommittedPlace[]> {
    this.#group.checkOpen("committed");
    const partitions = placesOf(places.length > 0 ? places : this.#group.membership.owned.values());
    const asked = { groupId: this.#group.settings.group, partitions };
    const stopAt = (error: unknown): boolean => isLogError(error, "UnknownTopicOrPartition");
    const options = { timeoutMs: COMMIT_MS, stopAt, signal: this.#group.stopped };
    return (await fetchPlaces(this.#connection, asked, options)).map(({ topic, partition, offset, metadata }) => {
      return { topic, partition, offset: offset < 0 ? undefined : offset, metadata };
    });
  }

  /** The next record of this partition will be the one at `offset`, or the first one after it. */
  seek(place: TopicPartition, offset: number): void {
    this.#group.checkGiven("seek", [place]);
    this.#group.reader.seek(place, offset);
    this.#group.sought([place]);
  }

  /** To the log's start; all partitions when none is named. */
  seekToBeginning(...places: readonly TopicPartition[]): void {
    this.#group.checkGiven("seekToBeginning", places);
    this.#group.reader.seekToBeginning(...places);
    this.#group.sought(places.length > 0 ? places : this.assignment());
  }

  /** To what will be the end at the next `poll` or `position`; all partitions when none is named. */
  seekToEnd(...places: readonly TopicPartition[]): void {
    this.#group.checkGiven("seekToEnd", places);
    this.#group.reader.seekToEnd(...places);
    this.#group.sought(places.length > 0 ? places : this.assignment());
  }

  /** To the first record at or after a time, else the end; all partitions when none is named. */
  seekToTimestamp(timestamp: number | Date, ...places: readonly TopicPartition[]): void {
    this.#group.checkGiven("seekToTimestamp", places);
    this.#group.reader.seekToTimestamp(timestamp, ...places);
    this.#group.sought(places.length > 0 ? places : this.assignment());
  }

  /** The offset of the next record that `poll` would give. */
  async position(place: TopicPartition, options: { signal?: AbortSignal } = {}): Promise<number> {
    this.#group.checkGiven("position", [place]);
    return this.#group.reader.position(place, options);
  }

  /** Log starts; of all its partitions when none is named. */
  beginningOffsets(...places: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    return this.#group.reader.beginningOffsets(...places);
  }

  /** Ends, where the next records come; of all its partitions when none is named. */
  endOffsets(...places: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    return this.#group.reader.endOffsets(...places);
  }

  /** Nothing comes of these until they are resumed, or given to another member; of all when none is named. */
  pause(...places: readonly TopicPartition[]): void {
    this.#group.pause(places);
  }

  resume(...places: readonly TopicPartition[]): void {
    this.#group.checkGiven("resume", places);
    this.#group.reader.resume(...places);
  }

  paused(): TopicPartition[] {
    return this.#group.reader.paused();
  }

  /**
   * Waits for handlers that are at work, commits (unless `autoCommit` is off), lets go of the partitions, and leaves
   * the group: others get them at once. All that `poll` has handed out counts as consumed, so finish it before; the
   * record that a `for await` is at does not. A `poll` that waits fails with `Closed`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close({ asked: !this.#isInLoop });
    return this.#closing;
  }

  /** As `close`, but commits only what is surely done: not what the last `poll`, or step of a loop, has given. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close({ asked: false });
    return this.#closing;
  }

  async #close(options: { asked: boolean }): Promise<void> {
    const { clock, logger } = this.#connection.runtime;
    const { closeTimeoutMs } = this.#group.settings;
    const deadlineMs = this.#nowMs() + closeTimeoutMs;
    const working = this.#working.catch(() => {});
    this.#group.stop();
    await within(clock, closeTimeoutMs * HANDLERS_SHARE, working);
    try {
      await this.#group.leave({ ...options, timeoutMs: deadlineMs - this.#nowMs() });
    } catch (error) {
      // The application's own listener: what was to be done is done.
      logger.warn("a rebalance listener failed while closing", { reason: messageOf(error) });
    } finally {
      this.#isClosed = true;
      await this.#group.reader.close();
      this.#onClosed();
    }
  }

  async #nextOf(signal: AbortSignal | undefined): Promise<ConsumerRecord[]> {
    this.#group.progress.finishAll();
    const records = await this.#group.take({ maxRecords: POLL_RECORDS_DEFAULT, timeoutMs: STREAM_POLL_MS, signal });
    this.#group.progress.hold(records);
    return records;
  }

  async #run(
    handler: Handler,
    { concurrency, maxRecords, signal }: { concurrency: number; maxRecords: number; signal: AbortSignal | undefined },
  ): Promise<void> {
    const onChange = (): void => this.#group.changed();
    const { clock } = this.#connection.runtime;
    const giveBack = (records: readonly ConsumerRecord[]): void => this.#group.giveBack(records);
    const { progress } = this.#group;
    const mayBegin = (): boolean => !this.#group.membership.isDoubtful && !this.#group.membership.hasLoss;
    const lanes = new RecordLanes({ handler, concurrency, progress, clock, onChange, giveBack, mayBegin });
    const isOver = (): boolean => lanes.failure !== undefined || signal?.aborted === true;
    progress.finishAll();
    this.#group.lanes = lanes;
    signal?.addEventListener("abort", onChange);
    try {
      while (!isOver()) {
        const taken = { maxRecords, timeoutMs: STREAM_POLL_MS, mayTake: () => lanes.hasRoom, isOver };
        lanes.dispatch(await this.#group.take(taken));
      }
    } catch (error) {
      if (!isLogError(error, "Closed")) throw error;
    } finally {
      signal?.removeEventListener("abort", onChange);
      const rest = await lanes.drain();
      this.#group.lanes = undefined;
      this.#group.giveBack(rest);
    }
    if (lanes.failure !== undefined) throw lanes.failure.error;
  }

  /** One use at a time; between two the application is busy. */
  async #using<T>(use: Use, work: () => Promise<T>): Promise<T> {
    this.#group.checkOpen(use);
    this.#checkUnused(use);
    if (this.#group.subscription === undefined) throw wrong(use, "nothing is subscribed to; see subscribe");
    this.#use = use;
    this.#group.busySinceMs = undefined;
    const working = work();
    this.#working = working;
    try {
      return await working;
    } finally {
      this.#use = undefined;
      this.#group.busySinceMs = this.#nowMs();
    }
  }

  #checkUnused(what: string): void {
    if (this.#use !== undefined) throw wrong(what, `the ${this.#use} before is not over yet`);
  }

  #nowMs(): number {
    return this.#connection.runtime.clock.monotonicMs();
  }
}
