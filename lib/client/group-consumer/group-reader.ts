import type { TopicPartition } from "../../api/record-types.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { abortedError } from "../aborted.ts";
import type { Connection } from "../connection.ts";
import { Consumer } from "../consumer/consumer.ts";
import type { ConsumerRecord } from "../consumer/consumer-record.ts";
import { RecordsAhead } from "../consumer/records-ahead.ts";
import { Waker } from "../consumer/waker.ts";
import type { TopicMetadata } from "../topic-metadata.ts";
import { AssignmentChanges } from "./assignment-changes.ts";
import { type GroupConsumerOptions, type GroupSettings, groupSettings } from "./group-consumer-options.ts";
import { placeOf, placesOf } from "./group-partition.ts";
import { Membership } from "./membership.ts";
import { OffsetCommits } from "./offset-commits.ts";
import { Progress } from "./progress.ts";
import type { RecordLanes } from "./record-lanes.ts";
import type { Subscription } from "./subscription.ts";
import { within } from "./within.ts";

/** How long a commit goes on while the server cannot be reached, in ms. */
export const COMMIT_MS = 30_000;

export interface TakeOptions {
  readonly maxRecords: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether the application can take records now; it says so by `changed`. */
  mayTake?(): boolean;
  /** Ends the waiting. */
  isOver?(): boolean;
}

/**
 * What a group consumer is made of: a reader of the partitions that are its own now, the membership, the places it
 * commits, and how far the application is.
 */
export class GroupReader {
  readonly reader: Consumer;
  readonly membership: Membership;
  readonly commits: OffsetCommits;
  readonly progress: Progress;
  readonly changes: AssignmentChanges;
  readonly settings: GroupSettings;
  /** Of the loop that is going on. */
  readonly ahead = new RecordsAhead();
  subscription: Subscription | undefined;
  /** Of the run that is going on. */
  lanes: RecordLanes | undefined;
  /** Since when the application works on what it was given, when there is no run. */
  busySinceMs: number | undefined;
  readonly #connection: Connection;
  readonly #waker: Waker;
  readonly #stop = new AbortController();
  #commitsItself = false;

  constructor(connection: Connection, metadata: TopicMetadata, options: GroupConsumerOptions) {
    const settings = groupSettings(options);
    this.settings = settings;
    this.#connection = connection;
    this.#waker = new Waker(connection.runtime.clock);
    const onChange = (): void => this.changed();
    this.reader = new Consumer(
      connection,
      metadata,
      { ...options, onOutOfRange: "error" },
      {
        onClosed: () => {},
        isHeld: (place) => this.lanes?.isHeld(place) === true || this.changes.isUnplaced(placeOf(place)),
        onTaken: (first) => this.progress.hold([first]),
      },
    );
    const busySinceMs = (): number | undefined =>
      this.lanes === undefined ? this.busySinceMs : this.lanes.busySinceMs();
    this.membership = new Membership({ connection, settings, onChange, busySinceMs });
    this.commits = new OffsetCommits(connection, settings.group, this.membership);
    this.progress = new Progress(() => this.reader.positions());
    this.changes = new AssignmentChanges({
      connection,
      settings,
      isolation: options.isolation ?? "read_uncommitted",
      reader: this.reader,
      membership: this.membership,
      commits: this.commits,
      progress: this.progress,
      stopped: this.#stop.signal,
      release: async (partitions) => this.lanes?.release(partitions),
      abandon: (partitions) => this.lanes?.abandon(partitions),
      onChange,
    });
  }

  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  assignment(): TopicPartition[] {
    return placesOf(this.membership.owned.values());
  }

  subscribe(subscription: Subscription): void {
    this.subscription = subscription;
    if (this.settings.autoCommit && !this.#commitsItself) void this.#commitFromTimeToTime();
    this.changed();
  }

  /** Whoever waits is to look again. */
  changed(): void {
    this.#waker.wake();
    this.reader.wakeup();
  }

  /** Nothing is handed out any more. */
  stop(): void {
    this.#stop.abort(new LogError("Closed", "the consumer is closed"));
    this.changed();
  }

  /** Lets go of everything and leaves the group within this time; `asked` as for `AssignmentChanges.releaseAll`. */
  async leave({ asked, timeoutMs }: { asked: boolean; timeoutMs: number }): Promise<void> {
    const { clock } = this.#connection.runtime;
    const deadlineMs = this.#nowMs() + timeoutMs;
    const leftMs = (): number => Math.max(0, deadlineMs - this.#nowMs());
    try {
      await within(clock, leftMs(), this.changes.settled());
      const { subscription } = this;
      if (subscription !== undefined) await this.changes.releaseAll(subscription, { asked, timeoutMs: leftMs() });
    } finally {
      await within(clock, leftMs(), this.membership.leave(leftMs()));
    }
    const failure = this.changes.takeFailure();
    if (failure !== undefined) throw failure.error;
  }

  /** The next records of what is this member's, while membership and assignment go on. */
  async take({ maxRecords, timeoutMs, signal, mayTake, isOver }: TakeOptions): Promise<ConsumerRecord[]> {
    const deadlineMs = this.#nowMs() + timeoutMs;
    while (isOver?.() !== true) {
      this.checkOpen("poll");
      if (signal?.aborted) throw abortedError("poll", signal);
      this.#keepUp();
      const leftMs = Math.max(0, deadlineMs - this.#nowMs());
      if (!this.#mayRead() || mayTake?.() === false) {
        if (leftMs > 0) await this.#waker.wait(leftMs, signal);
      } else {
        const records = await this.#read(maxRecords, leftMs, signal);
        // What comes too late is nobody's: it was taken, and so is not committed.
        this.checkOpen("poll");
        if (records.length > 0) return records;
      }
      if (this.#nowMs() >= deadlineMs) return [];
    }
    return [];
  }

  /** Whether what was read is this member's to hand out. */
  #mayRead(): boolean {
    const { membership } = this;
    return membership.owned.size > 0 && !this.changes.isDue && !membership.isDoubtful;
  }

  /** Membership and assignment go on; what the application must know of them is thrown. */
  #keepUp(): void {
    const change = this.changes.takeFailure();
    if (change !== undefined) throw change.error;
    const subscription = this.subscription as Subscription;
    const { membership } = this;
    // What was lost is told first.
    if (membership.hasLoss) this.changes.advance(subscription);
    const failure = membership.takeFailure();
    if (failure !== undefined) throw failure;
    this.changes.advance(subscription);
    // A handler may still be at work on what was lost: the group does without this member until it is over.
    if (!membership.hasLoss && this.lanes?.hasLost !== true) membership.start(subscription);
    const unplaced = this.changes.unplaced();
    if (unplaced === undefined) return;
    const message = `the group has committed nothing for ${unplaced}, and autoOffsetReset is "none": seek to where it is to begin`;
    throw new LogError("OffsetOutOfRange", message, { details: { place: unplaced } });
  }

  async #read(maxRecords: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<ConsumerRecord[]> {
    try {
      const records = await this.reader.poll({ maxRecords, timeoutMs, signal });
      if (records.length === 0 || (!this.membership.hasLoss && !this.membership.isDoubtful)) return records;
      this.giveBack(records);
    } catch (error) {
      if (!this.#getOver(error)) throw error;
    }
    return [];
  }

  /** Whether reading goes on after this failure of the reader. */
  #getOver(error: unknown): boolean {
    const { logger } = this.#connection.runtime;
    // The group learns by itself of topics that come and go, and takes the partition away.
    if (isLogError(error, "UnknownTopicOrPartition")) {
      logger.warn("a topic of the group is gone", { reason: error.message });
      return true;
    }
    const reset = this.subscription?.reset;
    if (!isLogError(error, "OffsetOutOfRange") || reset === undefined || reset === "none") return false;
    const { topic, partition } = error.details as unknown as TopicPartition;
    logger.warn("the group's place has left the log", { topic, partition, reset });
    if (reset === "earliest") this.reader.seekToBeginning({ topic, partition });
    else this.reader.seekToEnd({ topic, partition });
    return true;
  }

  /** What was taken of the reader and not handed out is read again. */
  giveBack(records: readonly ConsumerRecord[]): void {
    const { owned } = this.membership;
    for (const record of records.toReversed()) {
      if (!owned.has(placeOf(record)) || this.#stop.signal.aborted) continue;
      this.reader.seek(record, record.offset);
    }
  }

  /** The application wants nothing more of these for now. */
  pause(places: readonly TopicPartition[]): void {
    this.checkGiven("pause", places);
    this.reader.pause(...places);
    const paused = places.length > 0 ? places : this.assignment();
    this.lanes?.pause(paused);
    this.giveBack(this.ahead.remove(paused));
  }

  /** The application has said where to go on in these. */
  sought(places: readonly TopicPartition[]): void {
    this.lanes?.skip(places);
    this.ahead.remove(places);
    for (const place of places) {
      this.progress.finishAll(place);
      this.changes.placed(placeOf(place));
    }
    this.changed();
  }

  async #commitFromTimeToTime(): Promise<void> {
    this.#commitsItself = true;
    const { clock, logger } = this.#connection.runtime;
    const { autoCommitIntervalMs, group } = this.settings;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(autoCommitIntervalMs, this.#stop.signal).catch(() => {});
      if (this.#stop.signal.aborted) return;
      const parts = this.changes.uncommitted(this.membership.owned, { asked: false });
      if (parts.length === 0 || !this.commits.isIdle) continue;
      await this.commits.commit(parts, { timeoutMs: COMMIT_MS, signal: this.#stop.signal }).catch((error: unknown) => {
        logger.warn("commit failed", { group, reason: messageOf(error) });
      });
    }
  }

  /** `InvalidArgument` for what is not this member's. */
  checkGiven(what: string, places: readonly TopicPartition[]): void {
    // A closed reader says itself that it is closed.
    const strange = this.stopped.aborted
      ? undefined
      : places.find((place) => !this.membership.owned.has(placeOf(place)));
    if (strange === undefined) return;
    const { topic, partition } = strange;
    const message = `${what}: the group has not given ${topic}-${partition} to this consumer; what it gives is known in onAssigned, and after a poll by assignment()`;
    throw new LogError("InvalidArgument", message, { details: { topic, partition } });
  }

  checkOpen(what: string): void {
    if (this.stopped.aborted) throw new LogError("Closed", `${what}: the consumer is closed`);
  }

  #nowMs(): number {
    return this.#connection.runtime.clock.monotonicMs();
  }
}
