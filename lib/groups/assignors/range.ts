import { partitionsOf } from "../../storage/items/group-state.ts";
import type { PartitionKey } from "../../storage/items/partition-sets.ts";
import { type Assignor, byName, topicsOf } from "./assignor.ts";

/**
 * Each topic in neighbouring pieces, in order of members: equal numbers of two topics go to one member, which is
 * what joins want. Sizes differ by at most one per topic. Moves are not its concern.
 */
export const assignByRange: Assignor = (assignees) => {
  const sorted = [...assignees].sort(byName);
  const targets = new Map(sorted.map(({ memberId }) => [memberId, new Set<PartitionKey>()]));
  for (const topic of topicsOf(sorted)) {
    const takers = sorted.filter(({ topics }) => topics.some(({ topicId }) => topicId === topic.topicId));
    const partitions = partitionsOf(topic);
    for (const [at, { memberId }] of takers.entries()) {
      const from = Math.ceil((partitions.length * at) / takers.length);
      const to = Math.ceil((partitions.length * (at + 1)) / takers.length);
      for (const partition of partitions.slice(from, to)) targets.get(memberId)?.add(partition);
    }
  }
  return targets;
};
