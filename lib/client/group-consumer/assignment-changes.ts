import type { CommitOffsetPart } from "../../api/group-types.ts";
import type { Isolation } from "../../api/record-types.ts";
import { isLogError, messageOf } from "../../base/errors.ts";
import type { Connection } from "../connection.ts";
import type { Consumer } from "../consumer/consumer.ts";
import type { GroupSettings } from "./group-consumer-options.ts";
import { type GroupPartition, type GroupPartitions, placeOf, placesOf, without } from "./group-partition.ts";
import type { Membership } from "./membership.ts";
import type { OffsetCommits } from "./offset-commits.ts";
import type { Progress } from "./progress.ts";
import { findStarts, type StartOffset } from "./start-offsets.ts";
import type { RebalanceListener, Subscription } from "./subscription.ts";
import { within } from "./within.ts";

/** How long one search for where to begin goes on; the next one begins after a pause. */
const STARTS_MS = 15_000;

export interface AssignmentParts {
  readonly connection: Connection;
  readonly settings: GroupSettings;
  readonly isolation: Isolation;
  readonly reader: Consumer;
  readonly membership: Membership;
  readonly commits: OffsetCommits;
  readonly progress: Progress;
  readonly stopped: AbortSignal;
  /** Resolves once the application works on nothing of these. */
  release(partitions: readonly GroupPartition[]): Promise<void>;
  /** The application is not to go on with these, nor to be waited for. */
  abandon(partitions: readonly GroupPartition[]): void;
  onChange(): void;
}

/**
 * Brings what the consumer uses in line with what it may use: tells what was lost; lets go of what it is to let go
 * of, after its places are committed and the application has agreed; begins what is new where the group is.
 */
export class AssignmentChanges {
  readonly #parts: AssignmentParts;
  /** Partitions for which nothing says where to begin. */
  readonly #unplaced = new Set<string>();
  /** The listener is being told that these go: whoever closes waits for it only so long, and does not tell it again. */
  readonly #going = new Set<GroupPartition>();
  #underWay: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: AssignmentParts) {
    this.#parts = parts;
  }

  /** Whether there is something to do, or being done. */
  get isDue(): boolean {
    const { hasLoss, owned, target } = this.#parts.membership;
    if (hasLoss || this.#underWay !== undefined) return true;
    return target !== undefined && (without(owned, target).length > 0 || without(target, owned).length > 0);
  }

  /** Goes on in the background with what there is to do. */
  advance(subscription: Subscription): void {
    if (this.#underWay !== undefined || !this.isDue) return;
    this.#underWay = this.#change(subscription)
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#underWay = undefined;
        this.#parts.onChange();
      });
  }

  /** What went wrong, a listener's own failure included. */
  takeFailure(): { readonly error: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** Resolves when nothing is being done. */
  settled(): Promise<void> {
    return this.#underWay ?? Promise.resolve();
  }

  /** Assigned, but without a place to begin until the application seeks. */
  unplaced(): string | undefined {
    const [first] = this.#unplaced;
    return first;
  }

  isUnplaced(place: string): boolean {
    return this.#unplaced.has(place);
  }

  /** The application has said where to go on. */
  placed(place: string): void {
    this.#unplaced.delete(place);
  }

  /**
   * Lets go of everything, and waits for no handler any more. With `asked` the application counts as done with all it
   * was given.
   */
  async releaseAll(subscription: Subscription, options: { asked: boolean; timeoutMs: number }): Promise<void> {
    const { membership } = this.#parts;
    await this.#tellLoss(subscription.listener);
    await this.#revoke([...membership.owned.values()], subscription.listener, { ...options, handlersMs: 0 });
  }

  async #change({ listener, reset }: Subscription): Promise<void> {
    const { membership, settings } = this.#parts;
    await this.#tellLoss(listener);
    const revoked = membership.target === undefined ? [] : without(membership.owned, membership.target);
    const { maxPollIntervalMs: timeoutMs } = settings;
    await this.#revoke(revoked, listener, { asked: false, timeoutMs, handlersMs: timeoutMs });
    const { owned, target } = membership;
    // What was made anew meanwhile under the name of what is owned waits until that is let go of, by the next change.
    const added = target === undefined ? [] : without(target, owned).filter((one) => !owned.has(placeOf(one)));
    if (added.length > 0) await this.#adopt(added, listener, reset);
  }

  async #tellLoss(listener: RebalanceListener): Promise<void> {
    const { membership, reader, settings } = this.#parts;
    const loss = membership.takeLoss();
    if (loss === undefined) return;
    this.#drop(loss.partitions);
    this.#parts.abandon(loss.partitions);
    reader.assign([]);
    await this.#tell("onLost", listener, loss.partitions, settings.maxPollIntervalMs);
  }

  async #revoke(
    partitions: readonly GroupPartition[],
    listener: RebalanceListener,
    { asked, timeoutMs, handlersMs }: { asked: boolean; timeoutMs: number; handlersMs: number },
  ): Promise<void> {
    if (partitions.length === 0) return;
    const { membership, reader, connection } = this.#parts;
    const { clock } = connection.runtime;
    const { incarnation } = membership;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const leftMs = (): number => deadlineMs - clock.monotonicMs();
    if (!(await within(clock, handlersMs, this.#parts.release(partitions)))) this.#parts.abandon(partitions);
    await this.#commitBefore(partitions, asked, leftMs);
    if (membership.incarnation !== incarnation) return;
    await this.#tellRevoked(partitions, listener, leftMs());
    if (membership.incarnation !== incarnation) return;
    const kept = new Map(membership.owned);
    for (const partition of partitions) kept.delete(placeOf(partition));
    this.#drop(partitions);
    reader.assign(placesOf(kept.values()));
    membership.own(kept);
    membership.beatSoon();
  }

  async #tellRevoked(
    partitions: readonly GroupPartition[],
    listener: RebalanceListener,
    timeoutMs: number,
  ): Promise<void> {
    const untold = partitions.filter((partition) => !this.#going.has(partition));
    if (untold.length === 0) return;
    for (const partition of untold) this.#going.add(partition);
    await this.#tell("onRevoked", listener, untold, timeoutMs);
    for (const partition of untold) this.#going.delete(partition);
  }

  /** What fails is told in the log: the next owner reads again what could not be committed. */
  async #commitBefore(partitions: readonly GroupPartition[], asked: boolean, leftMs: () => number): Promise<void> {
    const { commits, connection, settings } = this.#parts;
    const { clock, logger } = connection.runtime;
    try {
      await within(clock, leftMs(), commits.settled());
      if (!settings.autoCommit) return;
      const parts = this.uncommitted(new Map(partitions.map((one) => [placeOf(one), one])), { asked });
      if (parts.length > 0) await within(clock, leftMs(), commits.commit(parts, { timeoutMs: leftMs() }));
    } catch (error) {
      logger.warn("commit before letting go failed", { group: settings.group, reason: messageOf(error) });
    }
  }

  /** Places that the application has come to since they were last committed. */
  uncommitted(partitions: GroupPartitions, options: { asked: boolean }): CommitOffsetPart[] {
    const { commits, progress } = this.#parts;
    const parts: CommitOffsetPart[] = [];
    for (const [place, offset] of progress.offsets(partitions, options)) {
      const partition = partitions.get(place);
      if (partition === undefined || this.#unplaced.has(place) || commits.isCommitted(place, offset)) continue;
      parts.push({ ...partition, offset });
    }
    return parts;
  }

  async #adopt(added: readonly GroupPartition[], listener: RebalanceListener, reset: Subscription["reset"]) {
    const { connection, membership, settings, isolation, stopped } = this.#parts;
    const identity = membership.identity();
    let starts: readonly StartOffset[];
    try {
      const options = { groupId: settings.group, identity, reset, isolation, timeoutMs: STARTS_MS, signal: stopped };
      starts = await findStarts(connection, added, options);
    } catch (error) {
      if (!mayPass(error)) throw error;
      // Perhaps it has been fenced, or the topic is gone: the next heartbeat tells.
      membership.beatSoon();
      return connection.runtime.clock.sleep(connection.backoff(1, error), stopped).catch(() => {});
    }
    // Under a later epoch a partition may have been elsewhere meanwhile, and its place be another.
    const isStale = membership.incarnation !== identity.incarnation || membership.identity().epoch !== identity.epoch;
    if (isStale || stopped.aborted) return;
    this.#begin(starts);
    await this.#tell("onAssigned", listener, added, settings.maxPollIntervalMs);
  }

  #begin(starts: readonly StartOffset[]): void {
    const { reader, membership, progress, commits } = this.#parts;
    const owned = new Map(membership.owned);
    const first: CommitOffsetPart[] = [];
    for (const { partition, offset, isCommitted } of starts) {
      const place = placeOf(partition);
      owned.set(place, partition);
      progress.finishAll(partition);
      commits.note(place, isCommitted ? offset : undefined);
      if (offset === undefined) this.#unplaced.add(place);
      else if (!isCommitted) first.push({ ...partition, offset });
    }
    const stay = placesOf(membership.owned.values());
    const begin = starts.map(({ partition: { topic, partition }, offset = 0 }) => ({
      topic,
      partition,
      from: { offset },
    }));
    reader.assign([...stay, ...begin]);
    membership.own(owned);
    this.#commitFirst(first);
  }

  /** Where the end was taken for the beginning, whoever comes next must not take a later end for it. */
  #commitFirst(parts: readonly CommitOffsetPart[]): void {
    const { settings, commits, connection } = this.#parts;
    if (!settings.autoCommit || parts.length === 0) return;
    commits.commit(parts, { timeoutMs: STARTS_MS }).catch((error: unknown) => {
      connection.runtime.logger.warn("first commit failed", { group: settings.group, reason: messageOf(error) });
    });
  }

  #drop(partitions: readonly GroupPartition[]): void {
    for (const partition of partitions) {
      this.#unplaced.delete(placeOf(partition));
      this.#parts.progress.finishAll(partition);
      this.#parts.commits.note(placeOf(partition), undefined);
    }
  }

  async #tell(
    name: keyof RebalanceListener,
    listener: RebalanceListener,
    partitions: readonly GroupPartition[],
    timeoutMs: number,
  ): Promise<void> {
    const { clock, logger } = this.#parts.connection.runtime;
    const call = async (): Promise<void> => listener[name]?.(placesOf(partitions));
    try {
      if (await within(clock, timeoutMs, call())) return;
      logger.warn("a rebalance listener takes too long and is not waited for", { listener: name, timeoutMs });
    } catch (error) {
      // The group waits for nobody's listener: what it failed over is told when the change is done.
      this.#failure ??= { error };
    }
  }
}

function mayPass(error: unknown): boolean {
  if (!isLogError(error)) return false;
  return error.retriable || isLogError(error, "UnknownMemberId", "GroupIdNotFound", "StaleMemberEpoch", "Aborted");
}
