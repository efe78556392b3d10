import { LogError } from "../../base/errors.ts";
import { type Branded, parseTopicId, type TopicId } from "../../base/ids.ts";
import type { PackReader, PackWriter } from "../../base/packing.ts";

/** A partition as a key of maps: topic id, slash, number. */
export type PartitionKey = Branded<string, "PartitionKey">;

export function partitionKeyOf(topicId: TopicId, partition: number): PartitionKey {
  return `${topicId}/${partition}` as PartitionKey;
}

export function parsePartitionKey(key: PartitionKey): { readonly topicId: TopicId; readonly partition: number } {
  const slash = key.indexOf("/");
  return { topicId: key.slice(0, slash) as TopicId, partition: Number(key.slice(slash + 1)) };
}

/** Its 16 bytes. */
export function packTopicId(write: PackWriter, topicId: TopicId): void {
  write.bytes(Buffer.from(topicId, "hex"));
}

export function readTopicId(read: PackReader): TopicId {
  const topicId = parseTopicId(Buffer.from(read.bytes()).toString("hex"));
  if (topicId === undefined) throw new LogError("CorruptItem", "group state: what should be a topic id is none");
  return topicId;
}

interface Run {
  readonly from: number;
  count: number;
  readonly epoch: number;
}

/** Partitions with the epoch of each: per topic its id, then runs of neighbours with one epoch. */
export function packPartitions(write: PackWriter, partitions: ReadonlyMap<PartitionKey, number>): void {
  const byTopic = new Map<TopicId, { partition: number; epoch: number }[]>();
  for (const [key, epoch] of partitions) {
    const { topicId, partition } = parsePartitionKey(key);
    const known = byTopic.get(topicId) ?? [];
    known.push({ partition, epoch });
    byTopic.set(topicId, known);
  }
  write.varint(byTopic.size);
  for (const [topicId, entries] of byTopic) {
    const runs = runsOf(entries);
    packTopicId(write, topicId);
    write.varint(runs.length);
    for (const { from, count, epoch } of runs) write.varint(from).varint(count).varint(epoch);
  }
}

function runsOf(entries: { partition: number; epoch: number }[]): Run[] {
  const runs: Run[] = [];
  for (const { partition, epoch } of entries.sort((a, b) => a.partition - b.partition)) {
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.count === partition && last.epoch === epoch) last.count++;
    else runs.push({ from: partition, count: 1, epoch });
  }
  return runs;
}

const PARTITIONS_MAX = 1_000_000;

export function readPartitions(read: PackReader): Map<PartitionKey, number> {
  const partitions = new Map<PartitionKey, number>();
  for (let topics = read.count(2); topics > 0; topics--) {
    const topicId = readTopicId(read);
    for (let runs = read.count(3); runs > 0; runs--) {
      const from = read.varint();
      const count = read.varint();
      const epoch = read.varint();
      if (partitions.size + count > PARTITIONS_MAX) {
        throw new LogError("CorruptItem", `group state: claims ${count} partitions`);
      }
      for (let step = 0; step < count; step++) partitions.set(partitionKeyOf(topicId, from + step), epoch);
    }
  }
  return partitions;
}
