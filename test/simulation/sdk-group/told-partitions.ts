import type { TopicPartition } from "../../../lib/api/record-types.ts";
import type { ConsumerRecord } from "../../../lib/client/consumer/consumer-record.ts";
import type { PartitionKey } from "../../../lib/storage/items/partition-sets.ts";
import type { GroupUser } from "../groups/group-ledger.ts";
import { recordName } from "../sdk/record-ledger.ts";
import type { World } from "../world.ts";
import type { WatchedLog } from "./watched-log.ts";

/** A time in which a member has a partition, as its application is told. */
interface Stint {
  readonly place: TopicPartition;
  readonly key: PartitionKey;
  readonly user: GroupUser;
  /** After what was handed out last; undefined before the first. */
  next: number | undefined;
  doneTo: number | undefined;
  /** Its application has been told to let go of it, and may be at that still. */
  isGoing: boolean;
}

export interface Teller {
  readonly name: string;
  readonly memberId: () => string;
  readonly watched: WatchedLog;
}

/** What one member's application is told of partitions and given of their records, judged as it happens. */
export class ToldPartitions {
  readonly #world: World;
  readonly #teller: Teller;
  readonly #open = new Map<string, Stint>();
  readonly #letGo = new Set<string>();

  constructor(world: World, teller: Teller) {
    this.#world = world;
    this.#teller = teller;
  }

  get open(): readonly TopicPartition[] {
    return [...this.#open.values()].map(({ place }) => place);
  }

  assigned(places: readonly TopicPartition[]): void {
    const { name, watched } = this.#teller;
    const user = { name, memberId: this.#teller.memberId(), epoch: watched.epoch };
    for (const place of places) {
      const where = nameOf(place);
      const key = watched.keyOf(place);
      const before = this.#open.get(where);
      // A listener that takes too long is not waited for.
      if (before?.isGoing === true) this.#end(before);
      else if (before !== undefined) this.#report(`is told twice that ${where} is its own`);
      if (key === undefined) {
        this.#report(`is told that ${where} is its own, of which it has not heard from the group`);
        continue;
      }
      this.#open.set(where, { place, key, user, next: undefined, doneTo: undefined, isGoing: false });
      this.#world.sdkGroup.groups.begins(user, key);
    }
    this.#note("is assigned", places);
  }

  /**
   * These are to be let go of in good order, once the answer is called: `settled` unless what is done may not be
   * committed. By then they may be nobody's: whoever closes waits no longer than it has time.
   */
  revoking(places: readonly TopicPartition[]): (outcome: { readonly settled: boolean }) => void {
    const going: Stint[] = [];
    for (const place of places) {
      const stint = this.#open.get(nameOf(place));
      if (stint === undefined) this.#report(`is to let go of ${nameOf(place)}, which it was not told to have`);
      else if (stint.isGoing) this.#report(`is told twice to let go of ${nameOf(place)}`);
      else going.push(stint);
      this.#letGo.add(nameOf(place));
    }
    for (const stint of going) stint.isGoing = true;
    this.#note("is revoked", places);
    return ({ settled }) => {
      for (const stint of going) {
        if (settled && this.#isOpen(stint)) this.#settle(stint);
        this.#end(stint);
      }
    };
  }

  /** They may have been let go of just before. */
  lost(places: readonly TopicPartition[]): void {
    for (const place of places) {
      const where = nameOf(place);
      if (!this.#open.has(where) && !this.#letGo.has(where)) this.#report(`loses ${where}, which it did not have`);
      this.#endAt(place);
    }
    this.#note("loses", places);
  }

  /** The member is dead. */
  abandon(): void {
    for (const place of this.open) this.#endAt(place);
  }

  handedOut(record: ConsumerRecord): void {
    const { name, watched } = this.#teller;
    const { history, records, sdkGroup, story, trace } = this.#world;
    const where = nameOf(record);
    const what = `is given ${where} offset ${record.offset}`;
    const published = recordName(record.value);
    trace.note(name, () => `${what}: ${published}`);
    if (records.find(published)?.topic !== record.topic) {
      history.report("NoPhantom", `${name} ${what}: ${published} was not published there`);
    }
    const stint = this.#open.get(where);
    if (stint === undefined) {
      this.#report(`${what}, which it was not told to have`);
      return;
    }
    if (stint.isGoing) this.#report(`${what} though it was told to let go of it`);
    if (watched.isFenced) this.#report(`${what} though the group has refused it`);
    if (watched.silentMs > story.groups.sessionTimeoutMs) {
      this.#report(`${what} though it has not heard from the group for ${watched.silentMs.toFixed(0)} ms`);
    }
    if (!sdkGroup.lasts(record.topic)) return;
    if (sdkGroup.groups.hasLost(stint.user, stint.key)) this.#report(`${what}, which the group does not count as its`);
    if (stint.next === undefined) sdkGroup.begins(stint.user, record, record.offset);
    else if (stint.next !== record.offset) {
      history.report("Tiling", `${name} ${what}, due ${stint.next}`);
    }
    stint.next = record.offset + 1;
    const known = history.known(record.topic, record.partition);
    if (known !== undefined) records.saw(known, record.offset, published, `given to ${name}`);
  }

  /** The handler has failed over it: it comes again. */
  failed(record: ConsumerRecord, { isLost }: { readonly isLost: boolean }): void {
    if (isLost) return;
    const stint = this.#open.get(nameOf(record));
    if (stint?.next !== undefined) stint.next = record.offset;
  }

  /** The application has done its work on this record, and on those of the partition before it; perhaps after it was lost. */
  done(record: ConsumerRecord, { isLost }: { readonly isLost: boolean }): void {
    const { sdkGroup } = this.#world;
    sdkGroup.handled(recordName(record.value));
    if (!sdkGroup.lasts(record.topic)) return;
    sdkGroup.done(record, record.offset + 1);
    const stint = this.#open.get(nameOf(record));
    if (stint !== undefined && !isLost) stint.doneTo = record.offset + 1;
  }

  /** What a commit of one partition, or of all, that is asked for now settles when it succeeds. */
  committing(only?: TopicPartition): () => void {
    const stints = [...this.#open].filter(([where]) => only === undefined || where === nameOf(only));
    const doneTo = stints.map(([, { place, doneTo }]) => ({ place, doneTo }));
    return () => {
      for (const { place, doneTo: to } of doneTo) if (to !== undefined) this.#world.sdkGroup.settles(place, to);
    };
  }

  #settle({ place, key, doneTo }: Stint): void {
    if (doneTo !== undefined && !this.#teller.watched.isUnsure(key)) this.#world.sdkGroup.settles(place, doneTo);
  }

  #isOpen(stint: Stint): boolean {
    return this.#open.get(nameOf(stint.place)) === stint;
  }

  #endAt(place: TopicPartition): void {
    const stint = this.#open.get(nameOf(place));
    if (stint !== undefined) this.#end(stint);
  }

  #end(stint: Stint): void {
    if (!this.#isOpen(stint)) return;
    this.#open.delete(nameOf(stint.place));
    this.#world.sdkGroup.groups.ends(stint.user, stint.key);
  }

  #report(what: string): void {
    this.#world.history.report("GroupFence", `${this.#teller.name} ${what}`);
  }

  #note(what: string, places: readonly TopicPartition[]): void {
    this.#world.trace.note(this.#teller.name, () => `${what} ${places.map(nameOf).join(" ")}`);
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
