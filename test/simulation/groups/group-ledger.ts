import type { TopicId } from "../../../lib/base/ids.ts";
import type { GroupState } from "../../../lib/storage/items/group-state.ts";
import type { PartitionKey } from "../../../lib/storage/items/partition-sets.ts";
import type { History } from "../history.ts";

/** Who uses partitions, as it believes itself. */
export interface GroupUser {
  readonly name: string;
  readonly memberId: string;
  readonly epoch: number;
}

interface Progress {
  /** Everything below was handled by some member. */
  handledTo: number;
  /** The furthest that some member was told to be committed; -1 before the first. */
  committed: number;
  /** The furthest that some member has asked to commit. */
  asked: number;
  readonly users: Set<GroupUser>;
}

/** What the members of the run's group do and are told, judged as it happens. */
export class GroupLedger {
  readonly #history: History;
  readonly #progress = new Map<PartitionKey, Progress>();
  #stored: GroupState | undefined;

  constructor(history: History) {
    this.#history = history;
  }

  /** The member was told that the partition is its own. */
  begins(user: GroupUser, partition: PartitionKey): void {
    this.#of(partition).users.add(user);
    this.#judgeUsers(partition);
  }

  /** The member does not touch the partition any more, be it dead or obedient. */
  ends(user: GroupUser, partition: PartitionKey): void {
    this.#of(partition).users.delete(user);
  }

  handled(user: GroupUser, partition: PartitionKey, from: number, to: number): void {
    const progress = this.#of(partition);
    if (from > progress.handledTo) {
      const missed = `[${progress.handledTo}, ${from}) of ${partition}`;
      this.#history.report("AckDurable", `${user.name} begins at ${from}: no member of the group ever got ${missed}`);
    }
    progress.handledTo = Math.max(progress.handledTo, to);
  }

  asks(partition: PartitionKey, offset: number): void {
    const progress = this.#of(partition);
    progress.asked = Math.max(progress.asked, offset);
  }

  committed(partition: PartitionKey, offset: number): void {
    const progress = this.#of(partition);
    progress.committed = Math.max(progress.committed, offset);
  }

  /** What is surely committed by now; -1 for nothing. */
  committedOf(partition: PartitionKey): number {
    return this.#progress.get(partition)?.committed ?? -1;
  }

  /** Somebody was told where the group goes on; `before` was committed when it asked. */
  told(name: string, partition: PartitionKey, offset: number, before: number): void {
    const { asked } = this.#of(partition);
    if (offset === -1 && before >= 0) {
      this.#history.report("AckDurable", `${name}: ${before} was committed for ${partition}, and is forgotten`);
    } else if (offset < before) {
      this.#history.report("GroupFence", `${name}: ${partition} has gone back from ${before} to ${offset}`);
    } else if (offset > asked) {
      this.#history.report("NoPhantom", `${name}: ${offset} is committed for ${partition}, which nobody has asked for`);
    }
  }

  /** What the group's item says, after each of its changes. */
  stands(state: GroupState | undefined): void {
    const before = this.#stored;
    if (state !== undefined && before !== undefined && state.epoch < before.epoch) {
      this.#history.report("Monotone", `the group's epoch went back from ${before.epoch} to ${state.epoch}`);
    }
    this.#stored = state;
    const owners = new Map<PartitionKey, string>();
    for (const { memberId, assigned, revoking } of state?.members.values() ?? []) {
      for (const partition of [...assigned.keys(), ...revoking.keys()]) {
        const other = owners.get(partition);
        if (other !== undefined && other !== memberId) {
          this.#history.report("GroupFence", `${partition} belongs to ${other} and to ${memberId}`);
        }
        owners.set(partition, memberId);
      }
    }
    for (const partition of this.#progress.keys()) this.#judgeUsers(partition);
  }

  /** Of those whom the group counts as members under the epoch that they believe in, one at most uses a partition. */
  #judgeUsers(partition: PartitionKey): void {
    const live = [...this.#of(partition).users].filter((user) => this.counts(user));
    if (live.length < 2) return;
    const names = live.map(({ name, epoch }) => `${name} (epoch ${epoch})`).join(" and ");
    this.#history.report("GroupFence", `${partition} is used by ${names} at once`);
  }

  /** Whether it is a member under the epoch that it believes in. */
  counts({ memberId, epoch }: GroupUser): boolean {
    const member = this.#stored?.members.get(memberId);
    return member !== undefined && epoch >= member.joinedEpoch;
  }

  /** Whether the group counts it as a member, and the partition as somebody else's. */
  hasLost(user: GroupUser, partition: PartitionKey): boolean {
    const member = this.counts(user) ? this.#stored?.members.get(user.memberId) : undefined;
    return member !== undefined && !member.assigned.has(partition) && !member.revoking.has(partition);
  }

  /** The topic of that name, as the group last saw it. */
  topicIdOf(topic: string): TopicId | undefined {
    return this.#stored?.topics.get(topic)?.topicId;
  }

  #of(partition: PartitionKey): Progress {
    const known = this.#progress.get(partition);
    if (known !== undefined) return known;
    const made = { handledTo: 0, committed: -1, asked: -1, users: new Set<GroupUser>() };
    this.#progress.set(partition, made);
    return made;
  }
}
