import type { LogError } from "../base/errors.ts";
import type { PartitionResult, TopicPartition } from "./record-types.ts";

/** Kafka's special member epochs (KIP-848). */
export const MEMBER_JOINS = 0;
export const MEMBER_LEAVES = -1;
/** A static member leaves and means to be back before its session ends. */
export const MEMBER_AWAY = -2;

/** No offset is committed. */
export const NO_OFFSET = -1;

export interface OwnedTopic {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

export interface AssignedTopic extends OwnedTopic {
  readonly topic: string;
}

/** Kafka: ConsumerGroupHeartbeat (KIP-848). */
export interface GroupHeartbeatRequest {
  readonly groupId: string;
  /** The member's own name for its lifetime. May be empty when joining: then the answer brings one. */
  readonly memberId: string;
  /** The newest epoch that the member was told, or one of the special ones above. */
  readonly memberEpoch: number;
  /** Makes the member static: it keeps its place over a restart. */
  readonly instanceId?: string | undefined;
  /** Grows with every request of the member, so that one which comes late does no harm. */
  readonly sequence?: number | undefined;
  /** When joining topics or a pattern; later only what changes. Naming one replaces both. */
  readonly topics?: readonly string[] | undefined;
  /** A regular expression in RE2's syntax, over whole topic names. */
  readonly pattern?: string | undefined;
  /** "uniform" or "range"; the group takes the one that most ask for. */
  readonly assignor?: string | undefined;
  /** How long the member may take to let go of a partition. */
  readonly rebalanceTimeoutMs?: number | undefined;
  /** All that the member uses now. While it is left out, every answer brings the assignment. */
  readonly owned?: readonly OwnedTopic[] | undefined;
}

export interface GroupHeartbeatReply {
  readonly memberId: string;
  readonly memberEpoch: number;
  /** When to heartbeat again. */
  readonly heartbeatIntervalMs: number;
  /** A member that is not heard of for so long is removed. */
  readonly sessionTimeoutMs: number;
  /** All that the member may use from now on; undefined when that is what it owns. */
  readonly assignment?: readonly AssignedTopic[] | undefined;
}

export interface CommitOffsetPart extends TopicPartition {
  /** Refuses the commit when the name belongs to another topic by now. */
  readonly topicId?: string | undefined;
  /** Of the next record to consume. */
  readonly offset: number;
  /** Of the last record consumed. */
  readonly leaderEpoch?: number | undefined;
  /** Any text of the consumer's own, 4096 bytes at most. */
  readonly metadata?: string | undefined;
}

/** Kafka: OffsetCommit. Without member: sets offsets of a group that has no members, creating the group. */
export interface CommitOffsetsRequest {
  readonly groupId: string;
  readonly memberId?: string | undefined;
  readonly memberEpoch?: number | undefined;
  /** With a member: grows with every commit. The same again is the same commit, a smaller one comes too late. */
  readonly sequence?: number | undefined;
  readonly partitions: readonly CommitOffsetPart[];
}

export interface CommitOffsetsReply {
  readonly partitions: readonly PartitionResult<object>[];
}

/** Kafka: OffsetFetch. */
export interface FetchOffsetsRequest {
  readonly groupId: string;
  /** With its epoch: refuses to answer a member that is not one any more. */
  readonly memberId?: string | undefined;
  readonly memberEpoch?: number | undefined;
  /** All that is committed when absent. */
  readonly partitions?: readonly TopicPartition[] | undefined;
}

export interface FetchedOffset {
  readonly topicId: string;
  /** -1 when nothing is committed. */
  readonly offset: number;
  /** -1 when not told. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface FetchOffsetsReply {
  readonly partitions: readonly PartitionResult<FetchedOffset>[];
}

/** One group's part of an answer. */
export type GroupResult<Answer> =
  | ({ readonly groupId: string; readonly ok: true } & Answer)
  | { readonly groupId: string; readonly ok: false; readonly error: LogError };

export type GroupStateName = "empty" | "reconciling" | "stable";

export interface DescribedMember {
  readonly memberId: string;
  readonly instanceId?: string | undefined;
  readonly clientId: string;
  readonly memberEpoch: number;
  readonly topics: readonly string[];
  readonly pattern?: string | undefined;
  /** What it may use. */
  readonly assignment: readonly AssignedTopic[];
  /** What it is going to have. */
  readonly target: readonly AssignedTopic[];
}

export interface GroupDescription {
  readonly state: GroupStateName;
  readonly groupEpoch: number;
  readonly assignor: string;
  readonly members: readonly DescribedMember[];
}

export interface GroupIdsRequest {
  readonly groupIds: readonly string[];
}

export interface ListGroupsRequest {
  /** All states when absent. */
  readonly states?: readonly GroupStateName[] | undefined;
}

export interface ListedGroup {
  readonly groupId: string;
  readonly state: GroupStateName;
  readonly members: number;
}

export interface ListGroupsReply {
  readonly groups: readonly ListedGroup[];
}

export type OffsetTarget =
  | { readonly kind: "beginning" }
  | { readonly kind: "end" }
  | { readonly kind: "offset"; readonly offset: number }
  /** The first record at or after, ms since the epoch; the end when there is none. */
  | { readonly kind: "timestamp"; readonly timestamp: number }
  /** From the committed offset, either way. */
  | { readonly kind: "shift"; readonly by: number };

export interface ResetOffsetsRequest {
  readonly groupId: string;
  /** Whole topics. */
  readonly topics?: readonly string[] | undefined;
  /** Single partitions. Without either: all for which something is committed. */
  readonly partitions?: readonly TopicPartition[] | undefined;
  readonly to: OffsetTarget;
  /** Only says what would be done. */
  readonly dryRun?: boolean | undefined;
}

export interface ResetOffset {
  /** -1 when nothing was committed. */
  readonly before: number;
  /** Never outside of what the partition holds. */
  readonly offset: number;
}

export interface ResetOffsetsReply {
  readonly partitions: readonly PartitionResult<ResetOffset>[];
}

export interface DeleteOffsetsRequest {
  readonly groupId: string;
  readonly partitions: readonly TopicPartition[];
}

export interface DeleteOffsetsReply {
  readonly partitions: readonly PartitionResult<object>[];
}
