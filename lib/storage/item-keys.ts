import { type ProducerId, parseTopicId, type TopicId } from "../base/ids.ts";
import type { ItemKey } from "./item-value.ts";

/** Decimal digits of an offset in a sort key: every offset below 2^53, in order. */
const OFFSET_DIGITS = 16;
/** Staged items spread over so many partition keys, off every head's own. */
const STAGED_SHARDS = 16;

const partitionKey = (topicId: TopicId, partition: number): string => `p#${topicId}#${partition}`;

export const INDEX_PREFIX = "i#";
export const IDLE_PRODUCER_PREFIX = "d#";

export const storeKey: ItemKey = { pk: "store", sk: "store" };
/** There while a restore is under way, and no broker may start. */
export const restoreKey: ItemKey = { pk: "store", sk: "restore" };
export const producerIdsKey: ItemKey = { pk: "producer-ids", sk: "next" };

/** Where a job of the scheduled maintenance that ran out of time goes on. */
export function maintenancePlaceKey(job: string): ItemKey {
  return { pk: "store", sk: `place#${job}` };
}

/** All names of topics are under one partition key, so that one query lists them. */
export const TOPIC_NAMES_PK = "topic-names";

export function topicNameKey(name: string): ItemKey {
  return { pk: TOPIC_NAMES_PK, sk: name };
}

export function topicKey(topicId: TopicId): ItemKey {
  return { pk: `t#${topicId}`, sk: "topic" };
}

export function headKey(topicId: TopicId, partition: number): ItemKey {
  return { pk: partitionKey(topicId, partition), sk: "head" };
}

export function controlKey(topicId: TopicId, partition: number): ItemKey {
  return { pk: partitionKey(topicId, partition), sk: "control" };
}

export function indexKey(topicId: TopicId, partition: number, base: number): ItemKey {
  return { pk: partitionKey(topicId, partition), sk: `${INDEX_PREFIX}${String(base).padStart(OFFSET_DIGITS, "0")}` };
}

export function idleProducerKey(topicId: TopicId, partition: number, producerId: ProducerId): ItemKey {
  return { pk: partitionKey(topicId, partition), sk: `${IDLE_PRODUCER_PREFIX}${producerId}` };
}

const shardKey = (shard: number): string => `s#${shard.toString(16)}`;

/** Where all staged items are to be found, each in order of its stamps. */
export const STAGED_ITEM_PKS: readonly string[] = Array.from({ length: STAGED_SHARDS }, (_, shard) => shardKey(shard));

/** `name` is a stamp and a unique part; the shard follows from its last character. */
export function stagedItemKey(name: string): ItemKey {
  return { pk: shardKey(name.charCodeAt(name.length - 1) % STAGED_SHARDS), sk: name };
}

/** All ids of groups are under one partition key, so that one query lists them. */
export const GROUP_NAMES_PK = "group-names";

/** Everything of one group is under one partition key. */
export function groupPartitionKey(groupId: string): string {
  return `g#${groupId}`;
}

export function groupNameKey(groupId: string): ItemKey {
  return { pk: GROUP_NAMES_PK, sk: groupId };
}

export function groupKey(groupId: string): ItemKey {
  return { pk: groupPartitionKey(groupId), sk: "group" };
}

/** Pieces of a state that is too large for the group's own item. */
export function groupPieceKey(groupId: string, piece: number): ItemKey {
  return { pk: groupPartitionKey(groupId), sk: `s#${String(piece).padStart(3, "0")}` };
}

export const MEMBER_MARK_PREFIX = "m#";
export const GROUP_OFFSET_PREFIX = "o#";
/** Above every character that may follow a prefix. */
export const AFTER_ANY = "\u{10ffff}";

export function memberMarkKey(groupId: string, memberId: string): ItemKey {
  return { pk: groupPartitionKey(groupId), sk: `${MEMBER_MARK_PREFIX}${memberId}` };
}

export function groupOffsetKey(groupId: string, topicId: TopicId, partition: number): ItemKey {
  return {
    pk: groupPartitionKey(groupId),
    sk: `${GROUP_OFFSET_PREFIX}${topicId}#${String(partition).padStart(5, "0")}`,
  };
}

/** The partition that a sort key of `groupOffsetKey` names; undefined when it is none. */
export function parseGroupOffsetKey(sk: string): { readonly topicId: TopicId; readonly partition: number } | undefined {
  const match = /^o#([0-9a-f]{32})#([0-9]{5})$/.exec(sk);
  const topicId = match?.[1] === undefined ? undefined : parseTopicId(match[1]);
  return topicId === undefined ? undefined : { topicId, partition: Number(match?.[2]) };
}
