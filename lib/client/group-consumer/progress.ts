import type { TopicPartition } from "../../api/record-types.ts";
import type { ConsumerRecord } from "../consumer/consumer-record.ts";
import { type GroupPartitions, placeOf } from "./group-partition.ts";

/** Work on what was handed out of one partition. */
interface UnderWay {
  /** The first record that is not finished: nothing beyond it is committed unasked. */
  unfinishedFrom: number;
  /** Where a commit that is asked for goes: the application knows that it is done up to here. */
  givenTo: number | undefined;
}

/**
 * How far the application is in what it was given. Where nothing is under way, a partition is done up to where the
 * reader stands, the gaps that hold no records included.
 */
export class Progress {
  readonly #underWay = new Map<string, UnderWay>();
  readonly #positions: () => readonly (TopicPartition & { readonly offset: number })[];

  constructor(positions: () => readonly (TopicPartition & { readonly offset: number })[]) {
    this.#positions = positions;
  }

  /** These are handed out all at once: a commit that is asked for takes in all of them. */
  handOut(records: readonly ConsumerRecord[]): void {
    for (const record of records.toReversed()) {
      this.#underWay.set(placeOf(record), { unfinishedFrom: record.offset, givenTo: undefined });
    }
  }

  /** These are taken, and not handed out yet, or only one by one: even a commit that is asked for ends at the first of them. */
  hold(records: readonly ConsumerRecord[]): void {
    for (const record of records.toReversed()) {
      this.#underWay.set(placeOf(record), { unfinishedFrom: record.offset, givenTo: record.offset });
    }
  }

  /** The application has this one now, and is done with those before it. */
  give(record: ConsumerRecord): void {
    this.#underWay.set(placeOf(record), { unfinishedFrom: record.offset, givenTo: record.offset + 1 });
  }

  finish(record: ConsumerRecord): void {
    const offset = record.offset + 1;
    this.#underWay.set(placeOf(record), { unfinishedFrom: offset, givenTo: offset });
  }

  /** The application commits this place itself: what it has said to be done with is not taken back by another commit. */
  commits(place: TopicPartition & { readonly offset: number }): void {
    const underWay = this.#underWay.get(placeOf(place));
    const { offset } = place;
    if (underWay === undefined || offset <= underWay.unfinishedFrom || !this.#isTaken(place)) return;
    const { givenTo } = underWay;
    this.#underWay.set(placeOf(place), {
      unfinishedFrom: offset,
      givenTo: givenTo === undefined ? undefined : Math.max(givenTo, offset),
    });
  }

  /** Whether it is still this one that was given last: a seek goes on elsewhere. */
  isGiven(record: ConsumerRecord): boolean {
    return this.#underWay.get(placeOf(record))?.givenTo === record.offset + 1;
  }

  /** The application is done with all that it was given of this partition; of all of them when none is named. */
  finishAll(place?: TopicPartition): void {
    if (place === undefined) this.#underWay.clear();
    else this.#underWay.delete(placeOf(place));
  }

  /** Where the application is done, of these partitions. With `asked`, as it says itself. */
  offsets(partitions: GroupPartitions, options: { asked: boolean }): Map<string, number> {
    const offsets = new Map<string, number>();
    for (const position of this.#positions()) {
      const place = placeOf(position);
      if (!partitions.has(place)) continue;
      const underWay = this.#underWay.get(place);
      const offset = options.asked ? underWay?.givenTo : underWay?.unfinishedFrom;
      offsets.set(place, offset ?? position.offset);
    }
    return offsets;
  }

  /** Whether all below the place was taken of the reader. */
  #isTaken(place: TopicPartition & { readonly offset: number }): boolean {
    const position = this.#positions().find((each) => placeOf(each) === placeOf(place));
    return position !== undefined && place.offset <= position.offset;
  }
}
