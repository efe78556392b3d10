import type { AssignedTopic, OwnedTopic } from "../../api/group-types.ts";
import type { TopicPartition } from "../../api/record-types.ts";

/** A partition as a group knows it: a topic that is recreated under its name is another one. */
export interface GroupPartition extends TopicPartition {
  readonly topicId: string;
}

/** By `placeOf`. */
export type GroupPartitions = ReadonlyMap<string, GroupPartition>;

/** No topic's name has a slash. */
export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

export function partitionsOf(assignment: readonly AssignedTopic[]): GroupPartitions {
  const partitions = new Map<string, GroupPartition>();
  for (const { topic, topicId, partitions: numbers } of assignment) {
    for (const partition of numbers) partitions.set(placeOf({ topic, partition }), { topic, topicId, partition });
  }
  return partitions;
}

export function ownedTopics(partitions: Iterable<GroupPartition>): readonly OwnedTopic[] {
  const topics = new Map<string, number[]>();
  for (const { topicId, partition } of partitions) {
    const numbers = topics.get(topicId) ?? [];
    numbers.push(partition);
    topics.set(topicId, numbers);
  }
  return [...topics].map(([topicId, numbers]) => ({ topicId, partitions: numbers.sort((a, b) => a - b) }));
}

/** Those of `all` that are not in `others`. */
export function without(all: GroupPartitions, others: GroupPartitions): GroupPartition[] {
  return [...all].flatMap(([place, partition]) =>
    others.get(place)?.topicId === partition.topicId ? [] : [partition],
  );
}

/** As the application is told of them. */
export function placesOf(partitions: Iterable<TopicPartition>): TopicPartition[] {
  return [...partitions].map(({ topic, partition }) => ({ topic, partition }));
}
