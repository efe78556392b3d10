import type { Call } from "../base/call.ts";
import type {
  CommitOffsetsReply,
  CommitOffsetsRequest,
  DeleteOffsetsReply,
  DeleteOffsetsRequest,
  FetchOffsetsReply,
  FetchOffsetsRequest,
  GroupDescription,
  GroupHeartbeatReply,
  GroupHeartbeatRequest,
  GroupIdsRequest,
  GroupResult,
  ListGroupsReply,
  ListGroupsRequest,
  ResetOffsetsReply,
  ResetOffsetsRequest,
} from "./group-types.ts";
import type { CollectedGarbage, CollectGarbageRequest } from "./maintenance-types.ts";
import type {
  DeleteRecordsReply,
  DeleteRecordsRequest,
  FetchReply,
  FetchRequest,
  ListOffsetsReply,
  ListOffsetsRequest,
  ProduceReply,
  ProduceRequest,
} from "./record-types.ts";
import type {
  AlterConfigsRequest,
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeleteTopicsRequest,
  DescribeConfigsRequest,
  DescribeTopicsRequest,
  TopicConfigs,
  TopicDescription,
  TopicResult,
} from "./topic-types.ts";

/** Who asks, as an edge has authenticated it. */
export interface Principal {
  readonly kind: "anonymous" | "user";
  readonly name: string;
}

export const ANONYMOUS: Principal = { kind: "anonymous", name: "ANONYMOUS" };

/** What comes with every request besides its content. */
export interface RequestContext extends Call {
  readonly principal: Principal;
  /** Kafka's client id: a name for logs and quotas, never trusted. */
  readonly clientId: string;
  readonly requestId?: string | undefined;
}

export interface InitProducerIdRequest {
  /** Refused until transactions exist. */
  readonly transactionalId?: string | undefined;
}

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface ServerDescription {
  /** The store's incarnation: Kafka's cluster id. */
  readonly clusterId: string;
  readonly version: string;
  /** Node's version. */
  readonly runtime: string;
  /** Version of the stored format. */
  readonly format: number;
  readonly nowMs: number;
  readonly storage: {
    /** "directory", "memory", "s3". */
    readonly kind: string;
    readonly location: string;
    /** Undefined where the store has no such limit. */
    readonly freeBytes?: number | undefined;
    readonly totalBytes?: number | undefined;
  };
  readonly autoCreateTopics: boolean;
  readonly messageBytesMax: number;
}

/**
 * Every use case, once. The engine implements it, and so does the HTTP client: whatever is written over it
 * works in-process, against a server, and against a deployment.
 *
 * Semantics are Kafka's. A request that is wrong as a whole rejects with a `LogError`; what concerns one topic or
 * partition is told in its part of the answer and does not touch its neighbours. No method takes longer than
 * `serviceWaitMsMax` or the context's deadline. Bytes in answers are never changed afterwards.
 */
export interface LogService {
  /** Appends one batch per named partition. Kafka: Produce. */
  produce(context: RequestContext, request: ProduceRequest): Promise<ProduceReply>;
  /** Whole batches from given offsets; waits up to `maxWaitMs` for `minBytes`. Kafka: Fetch. */
  fetch(context: RequestContext, request: FetchRequest): Promise<FetchReply>;
  /** Offsets for timestamps and for Kafka's special ones. Kafka: ListOffsets. */
  listOffsets(context: RequestContext, request: ListOffsetsRequest): Promise<ListOffsetsReply>;
  /** Moves log starts forward, for good. Kafka: DeleteRecords. */
  deleteRecords(context: RequestContext, request: DeleteRecordsRequest): Promise<DeleteRecordsReply>;

  createTopics(
    context: RequestContext,
    request: CreateTopicsRequest,
  ): Promise<readonly TopicResult<TopicDescription>[]>;
  deleteTopics(context: RequestContext, request: DeleteTopicsRequest): Promise<readonly TopicResult<object>[]>;
  /** Grows topics. Kafka: CreatePartitions. */
  createPartitions(
    context: RequestContext,
    request: CreatePartitionsRequest,
  ): Promise<readonly TopicResult<TopicDescription>[]>;
  /** All topics, or those named; may create missing ones when asked and allowed. Kafka: Metadata. */
  describeTopics(
    context: RequestContext,
    request: DescribeTopicsRequest,
  ): Promise<readonly TopicResult<TopicDescription>[]>;
  describeConfigs(
    context: RequestContext,
    request: DescribeConfigsRequest,
  ): Promise<readonly TopicResult<TopicConfigs>[]>;
  /** Sets and removes single configs, others stay. Kafka: IncrementalAlterConfigs. */
  alterConfigs(context: RequestContext, request: AlterConfigsRequest): Promise<readonly TopicResult<TopicConfigs>[]>;

  /** Joins, leaves, or shows life; the answer says what to consume. Kafka: ConsumerGroupHeartbeat (KIP-848). */
  groupHeartbeat(context: RequestContext, request: GroupHeartbeatRequest): Promise<GroupHeartbeatReply>;
  commitOffsets(context: RequestContext, request: CommitOffsetsRequest): Promise<CommitOffsetsReply>;
  fetchOffsets(context: RequestContext, request: FetchOffsetsRequest): Promise<FetchOffsetsReply>;
  listGroups(context: RequestContext, request: ListGroupsRequest): Promise<ListGroupsReply>;
  describeGroups(context: RequestContext, request: GroupIdsRequest): Promise<readonly GroupResult<GroupDescription>[]>;
  /** Deletes groups that have no members, with their offsets. */
  deleteGroups(context: RequestContext, request: GroupIdsRequest): Promise<readonly GroupResult<object>[]>;
  /** Moves the offsets of a group that has no members. */
  resetOffsets(context: RequestContext, request: ResetOffsetsRequest): Promise<ResetOffsetsReply>;
  /** Forgets offsets of topics that no member subscribes to. Kafka: OffsetDelete. */
  deleteOffsets(context: RequestContext, request: DeleteOffsetsRequest): Promise<DeleteOffsetsReply>;

  /** A new producer id, for an idempotent producer. Kafka: InitProducerId. */
  initProducerId(context: RequestContext, request: InitProducerIdRequest): Promise<ProducerIdentity>;
  describeServer(context: RequestContext): Promise<ServerDescription>;
  /** Deletes stored bytes that nothing refers to, as servers do by themselves; as far as the request's time goes. */
  collectGarbage(context: RequestContext, request: CollectGarbageRequest): Promise<CollectedGarbage>;
}
