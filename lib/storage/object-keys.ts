import { type BrokerId, parseTopicId, type Stamp, stampText, type TopicId } from "../base/ids.ts";

const SEGMENT_BASE_DIGITS = 20;

export const STAGED_PREFIX = "staged/";
export const TOPICS_PREFIX = "topics/";
export const STORE_PREFIX = "store";

/** The store's identity; each restore puts another one, of the next generation. */
export function storeObjectKey(generation = 0): string {
  return generation === 0 ? `${STORE_PREFIX}.json` : `${STORE_PREFIX}-${String(generation).padStart(6, "0")}.json`;
}

const STORE_OBJECT = /^store(?:-(\d{6}))?\.json$/;

/** The generation; undefined when the key is none of an identity. */
export function parseStoreObjectKey(key: string): number | undefined {
  const match = STORE_OBJECT.exec(key);
  return match === null ? undefined : Number(match[1] ?? 0);
}

const TOPIC_VERSION_DIGITS = 10;

/** What begins the keys of all objects that tell of a topic, and of no other. */
export function topicObjectPrefix(topicId: TopicId): string {
  return `topics/${topicId}/topic`;
}

/** One version of a topic. Whoever writes it, and however late, writes the same. */
export function topicObjectKey(topicId: TopicId, version: number): string {
  return `${topicObjectPrefix(topicId)}-${String(version).padStart(TOPIC_VERSION_DIGITS, "0")}.json`;
}

/** Says that a topic is deleted, whatever its versions say. */
export function topicTombstoneKey(topicId: TopicId): string {
  return `${topicObjectPrefix(topicId)}-deleted.json`;
}

export interface TopicObjectName {
  readonly topicId: TopicId;
  /** Infinity for a tombstone, 0 for the object without a version that was once written over with each change. */
  readonly version: number;
}

const TOPIC_OBJECT = /^topics\/([0-9a-f]{32})\/topic(?:-(?:(\d{10})|(deleted)))?\.json$/;

/** Undefined when the key is no topic object's. */
export function parseTopicObjectKey(key: string): TopicObjectName | undefined {
  const [, topic, version, tombstone] = TOPIC_OBJECT.exec(key) ?? [];
  const topicId = topic === undefined ? undefined : parseTopicId(topic);
  if (topicId === undefined) return undefined;
  return { topicId, version: tombstone === undefined ? Number(version ?? 0) : Number.POSITIVE_INFINITY };
}

export interface SegmentName {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly base: number;
  /** One past the last offset. */
  readonly end: number;
  readonly stamp: Stamp;
  /** Tells apart what two brokers write for the same range at the same time. */
  readonly unique: string;
}

export function segmentKey(name: SegmentName): string {
  const base = String(name.base).padStart(SEGMENT_BASE_DIGITS, "0");
  return `topics/${name.topicId}/${name.partition}/${base}-${name.end}-${stampText(name.stamp)}-${name.unique}.log`;
}

/** Of a part of a segment that is composed later: it bears the segment's name, but nobody may take it for one. */
export function segmentPieceKey(name: SegmentName): string {
  return segmentKey(name).replace(/log$/, "part");
}

const SEGMENT = /^topics\/([0-9a-f]{32})\/(\d+)\/(\d+)-(\d+)-(\d+)-([a-z0-9]+)\.(log|part)$/;

/** Undefined when the key is no segment's. */
export function parseSegmentKey(key: string): SegmentName | undefined {
  return parseName(key, "log");
}

/** Undefined when the key is no piece's. */
export function parseSegmentPieceKey(key: string): SegmentName | undefined {
  return parseName(key, "part");
}

function parseName(key: string, kind: "log" | "part"): SegmentName | undefined {
  const [, topic, partition, base, end, stamp, unique, ending] = SEGMENT.exec(key) ?? [];
  if (ending !== kind) return undefined;
  const topicId = topic === undefined ? undefined : parseTopicId(topic);
  if (topicId === undefined || unique === undefined) return undefined;
  return {
    topicId,
    partition: Number(partition),
    base: Number(base),
    end: Number(end),
    stamp: Number(stamp) as Stamp,
    unique,
  };
}

/** The stamp in a segment's name; undefined when the key is no segment's. */
export function segmentStamp(key: string): Stamp | undefined {
  return parseSegmentKey(key)?.stamp;
}

export interface StagedObjectName {
  readonly stamp: Stamp;
  readonly brokerId: BrokerId;
  readonly sequence: number;
}

export function stagedObjectKey(name: StagedObjectName): string {
  return `${STAGED_PREFIX}${stampText(name.stamp)}-${name.brokerId}-${name.sequence}`;
}

const STAGED = /^staged\/(\d+)-([a-z0-9]+)-(\d+)$/;

/** Undefined when the key is no staged object's. */
export function parseStagedObjectKey(key: string): StagedObjectName | undefined {
  const [, stamp, brokerId, sequence] = STAGED.exec(key) ?? [];
  if (sequence === undefined) return undefined;
  return { stamp: Number(stamp) as Stamp, brokerId: brokerId as BrokerId, sequence: Number(sequence) };
}
