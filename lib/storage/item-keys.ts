import type { ProducerId, TopicId } from "../base/ids.ts";
import type { ItemKey } from "./item-value.ts";

/** Decimal digits of an offset in a sort key: every offset below 2^53, in order. */
const OFFSET_DIGITS = 16;
/** Staged items spread over so many partition keys, off every head's own. */
const STAGED_SHARDS = 16;

const partitionKey = (topicId: TopicId, partition: number): string => `p#${topicId}#${partition}`;

export const INDEX_PREFIX = "i#";

export const storeKey: ItemKey = { pk: "store", sk: "store" };
export const producerIdsKey: ItemKey = { pk: "producer-ids", sk: "next" };

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
  return { pk: partitionKey(topicId, partition), sk: `d#${producerId}` };
}

/** `name` is a stamp and a unique part; the shard follows from its last character. */
export function stagedItemKey(name: string): ItemKey {
  return { pk: `s#${(name.charCodeAt(name.length - 1) % STAGED_SHARDS).toString(16)}`, sk: name };
}
