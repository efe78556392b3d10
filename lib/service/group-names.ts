import type { AssignedTopic, OwnedTopic } from "../api/group-types.ts";
import type { RequestContext } from "../api/log-service.ts";
import { LogError } from "../base/errors.ts";
import { parseTopicId, type TopicId } from "../base/ids.ts";
import { groupNameBytesMax, requestPartitionsMax } from "../base/limits.ts";
import type { GroupTopic } from "../storage/items/group-state.ts";
import { type PartitionKey, parsePartitionKey, partitionKeyOf } from "../storage/items/partition-sets.ts";
import type { Operation } from "./authorize.ts";
import type { ServiceCore } from "./service-core.ts";

function isName(text: string): boolean {
  return text !== "" && text.isWellFormed() && Buffer.byteLength(text) <= groupNameBytesMax;
}

/** `InvalidGroupId`, or `GroupAuthorizationFailed`. */
export function enterGroup(core: ServiceCore, context: RequestContext, groupId: string, operation: Operation): void {
  if (!isName(groupId)) {
    throw new LogError("InvalidGroupId", `a group id is text of 1 to ${groupNameBytesMax} bytes`);
  }
  core.authorize(context.principal, operation, { kind: "group", name: groupId });
}

export function checkMemberName(what: string, name: string): void {
  if (isName(name)) return;
  throw new LogError("InvalidRequest", `a ${what} is text of 1 to ${groupNameBytesMax} bytes`);
}

export function checkHowMany(partitions: readonly unknown[]): void {
  if (partitions.length <= requestPartitionsMax) return;
  throw new LogError("InvalidRequest", `a request names at most ${requestPartitionsMax} partitions`);
}

/** `InvalidRequest` for what is no set of partitions. */
export function partitionKeysOf(owned: readonly OwnedTopic[]): ReadonlySet<PartitionKey> {
  const keys = new Set<PartitionKey>();
  for (const { topicId: text, partitions } of owned) {
    const topicId = parseTopicId(text);
    if (topicId === undefined) throw new LogError("InvalidRequest", "owned partitions name their topic by its id");
    for (const partition of partitions) {
      if (!Number.isSafeInteger(partition) || partition < 0) {
        throw new LogError("InvalidRequest", `there is no partition ${partition}`);
      }
      keys.add(partitionKeyOf(topicId, partition));
    }
  }
  return keys;
}

/** The partitions by topic, both in order; those of topics that are gone are left out. */
export function assignedTopics(
  partitions: Iterable<PartitionKey>,
  topics: ReadonlyMap<string, GroupTopic>,
): readonly AssignedTopic[] {
  const names = new Map<TopicId, string>();
  for (const { topicId, name } of topics.values()) names.set(topicId, name);
  const assigned = new Map<TopicId, { topic: string; topicId: string; partitions: number[] }>();
  for (const key of partitions) {
    const { topicId, partition } = parsePartitionKey(key);
    const topic = names.get(topicId);
    if (topic === undefined) continue;
    const known = assigned.get(topicId) ?? { topic, topicId, partitions: [] };
    known.partitions.push(partition);
    assigned.set(topicId, known);
  }
  for (const each of assigned.values()) each.partitions.sort((a, b) => a - b);
  return [...assigned.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1));
}
