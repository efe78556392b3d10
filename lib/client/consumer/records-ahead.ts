import type { TopicPartition } from "../../api/record-types.ts";
import type { ConsumerRecord } from "./consumer-record.ts";

/** What a loop has taken and has not been given yet. */
export class RecordsAhead {
  #records: ConsumerRecord[] = [];

  add(records: readonly ConsumerRecord[]): void {
    this.#records.push(...records);
  }

  next(): ConsumerRecord | undefined {
    return this.#records.shift();
  }

  /** Takes out those of these partitions; all when none are named. */
  remove(places?: readonly TopicPartition[]): readonly ConsumerRecord[] {
    const isOf = (record: ConsumerRecord): boolean =>
      places === undefined ||
      places.some(({ topic, partition }) => topic === record.topic && partition === record.partition);
    const removed = this.#records.filter(isOf);
    if (removed.length > 0) this.#records = this.#records.filter((record) => !isOf(record));
    return removed;
  }
}
