import type { CommitOffsetPart } from "../../../lib/api/group-types.ts";
import type { TopicPartition } from "../../../lib/api/record-types.ts";
import type { PartitionKey } from "../../../lib/storage/items/partition-sets.ts";
import { GroupLedger, type GroupUser } from "../groups/group-ledger.ts";
import type { History } from "../history.ts";

interface Place {
  /** Some member was done with everything below. */
  doneTo: number;
  /** Below it nothing is handed out again: it was committed, or let go of without a failure. */
  settledTo: number;
}

/** What the applications of a group's members were given, over all members. Offsets are judged where topics last. */
export class SdkGroupLedger {
  /** By the group's own count. */
  readonly groups: GroupLedger;
  readonly #history: History;
  readonly #lasting: ReadonlySet<string>;
  readonly #places = new Map<string, Place>();
  readonly #handled = new Set<string>();

  constructor(history: History, topics: readonly { readonly name: string; readonly deletedEveryMs?: unknown }[]) {
    this.#history = history;
    this.groups = new GroupLedger(history);
    this.#lasting = new Set(
      topics.filter(({ deletedEveryMs }) => deletedEveryMs === undefined).map(({ name }) => name),
    );
  }

  /** Whether the topic has one life, so that an offset is one record. */
  lasts(topic: string): boolean {
    return this.#lasting.has(topic);
  }

  /**
   * The first record that a member gets of a partition after it was given to it. Whom the group has removed in the
   * meantime, and who has not heard of it, begins where the group was: its own failure.
   */
  begins(user: GroupUser, place: TopicPartition, offset: number): void {
    const { doneTo, settledTo } = this.#of(place);
    const where = `${user.name} begins ${place.topic}-${place.partition} at ${offset}`;
    if (offset > doneTo) this.#history.report("AckDurable", `${where}: nobody was done with [${doneTo}, ${offset})`);
    if (offset < settledTo && this.groups.counts(user)) {
      this.#history.report("OnceOnly", `${where}: the group was at ${settledTo}, and nobody has failed since`);
    }
  }

  done(place: TopicPartition, to: number): void {
    const known = this.#of(place);
    known.doneTo = Math.max(known.doneTo, to);
  }

  handled(record: string): void {
    this.#handled.add(record);
  }

  wasHandled(record: string): boolean {
    return this.#handled.has(record);
  }

  settles(place: TopicPartition, to: number): void {
    const known = this.#of(place);
    known.settledTo = Math.max(known.settledTo, to);
  }

  /** A commit is on its way. */
  asks(name: string, part: CommitOffsetPart, key: PartitionKey): void {
    const { doneTo } = this.#of(part);
    if (this.lasts(part.topic) && part.offset > doneTo) {
      const what = `${name} commits ${part.topic}-${part.partition} at ${part.offset}`;
      this.#history.report("AckDurable", `${what}, of which nobody was done with more than ${doneTo}`);
    }
    this.groups.asks(key, part.offset);
  }

  committed(part: TopicPartition & { readonly offset: number }, key: PartitionKey): void {
    this.groups.committed(key, part.offset);
    if (this.lasts(part.topic)) this.settles(part, part.offset);
  }

  #of({ topic, partition }: TopicPartition): Place {
    const name = `${topic}-${partition}`;
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const made = { doneTo: 0, settledTo: 0 };
    this.#places.set(name, made);
    return made;
  }
}
