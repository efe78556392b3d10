import type { KeyedAt } from "../log/keyed-records.ts";
import { upkeepRecord } from "./upkeep-records.ts";

interface Sent {
  readonly run: number;
  readonly number: number;
}

/** What processes were told is stored, by place, out of what they print. */
export class Acknowledged {
  readonly #partitions = new Map<string, Map<number, Sent>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Takes a line "acked TOPIC PARTITION OFFSET NUMBER COUNT" of a run. Fails when two records have one offset. */
  note(run: number, line: string): void {
    const [verb = "", topic = "", ...numbers] = line.split(" ");
    const [partition = 0, base = 0, first = 0, count = 0] = numbers.map(Number);
    if (verb !== "acked") throw new Error(`the process says ${line}`);
    const place = this.#partitions.get(`${topic}/${partition}`) ?? new Map<number, Sent>();
    this.#partitions.set(`${topic}/${partition}`, place);
    for (let at = 0; at < count; at++) {
      if (place.has(base + at)) throw new Error(`offset ${base + at} of ${topic}/${partition} was given twice`);
      place.set(base + at, { run, number: first + at });
    }
    this.#count += count;
  }

  /**
   * Demands of a partition's records that whatever was acknowledged at or above the log start is what stands there;
   * with `latestOnly`, of each key the last, or a later one.
   */
  check(place: string, found: readonly KeyedAt[], logStart: number, latestOnly: boolean): void {
    const byOffset = new Map(found.map((record) => [record.offset, record]));
    const latest = new Map(found.map(({ key, offset }) => [key, offset]));
    for (const [offset, { run, number }] of this.#partitions.get(place) ?? []) {
      const sent = upkeepRecord(run, number);
      const record = byOffset.get(offset);
      if (record !== undefined && (record.key !== sent.key || record.value !== sent.value)) {
        throw new Error(`${place}: at ${offset} stands ${record.value?.slice(0, 20)}, not ${run}-${number}`);
      }
      const superseded = latestOnly && (latest.get(sent.key) ?? -1) > offset;
      if (record === undefined && offset >= logStart && !superseded) {
        throw new Error(`${place}: ${run}-${number} was acknowledged at ${offset} and is not there`);
      }
    }
  }
}
