import { type BrokerId, type Stamp, stampText, type TopicId } from "../base/ids.ts";

const SEGMENT_BASE_DIGITS = 20;

export const STAGED_PREFIX = "staged/";
export const storeObjectKey = "store.json";

export function topicObjectKey(topicId: TopicId): string {
  return `topics/${topicId}/topic.json`;
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

export interface StagedObjectName {
  readonly stamp: Stamp;
  readonly brokerId: BrokerId;
  readonly sequence: number;
}

export function stagedObjectKey(name: StagedObjectName): string {
  return `${STAGED_PREFIX}${stampText(name.stamp)}-${name.brokerId}-${name.sequence}`;
}
