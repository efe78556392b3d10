import type { TopicPartition } from "../../api/record-types.ts";
import type { Codecs } from "../../base/compression.ts";
import type { Decoders } from "../codec.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import { ConsumerRecord } from "./consumer-record.ts";

export interface TakeOptions {
  readonly maxRecords: number;
  readonly codecs: Codecs;
  readonly decoders: Readonly<Record<string, Decoders>>;
  /** Whether the application still works on what it was given of this partition, and is to get no more. */
  isHeld(place: TopicPartition): boolean;
  /** The first record that is taken of a partition. Others may take time yet, and only then all are handed out. */
  onTaken?(first: ConsumerRecord): void;
}

/**
 * Up to `maxRecords` of what was fetched. Whoever gave records goes to the end of the line, so that each
 * partition has its turn.
 */
export async function takeRecords(
  partitions: Set<AssignedPartition>,
  { maxRecords, codecs, decoders, isHeld, onTaken }: TakeOptions,
): Promise<ConsumerRecord[]> {
  const taken: ConsumerRecord[] = [];
  for (const partition of [...partitions]) {
    if (partition.bufferedBytes === 0 || partition.paused || !partitions.has(partition)) continue;
    if (isHeld(partition)) continue;
    const before = taken.length;
    while (taken.length < maxRecords) {
      const next = partition.next(codecs);
      if (next === undefined) break;
      if (next instanceof Promise) {
        await next;
        continue;
      }
      const record = new ConsumerRecord(partition.topic, partition.partition, next, decoders[partition.topic]);
      if (taken.length === before) onTaken?.(record);
      taken.push(record);
    }
    if (taken.length > before && partitions.delete(partition)) partitions.add(partition);
    if (taken.length >= maxRecords) break;
  }
  return taken;
}
