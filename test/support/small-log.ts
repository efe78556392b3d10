import type {
  InitProducerIdRequest,
  LogService,
  RequestContext,
  ServerDescription,
} from "../../lib/api/log-service.ts";
import type { CollectedGarbage, CollectGarbageRequest } from "../../lib/api/maintenance-types.ts";
import type {
  DeleteRecordsReply,
  DeleteRecordsRequest,
  FetchReply,
  FetchRequest,
  ListOffsetsReply,
  ListOffsetsRequest,
  ProduceReply,
  ProduceRequest,
} from "../../lib/api/record-types.ts";
import type {
  AlterConfigsRequest,
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeleteTopicsRequest,
  DescribeConfigsRequest,
  DescribeTopicsRequest,
  TopicDescription,
  TopicResult,
} from "../../lib/api/topic-types.ts";
import { isLogError, LogError } from "../../lib/base/errors.ts";
import { endOffsetOf, readBatchHeader } from "../../lib/records/batch-header.ts";
import { checkProducedBatch } from "../../lib/records/check-batch.ts";
import { placeBatch } from "../../lib/records/place-batch.ts";

interface SmallTopic {
  readonly topicId: string;
  readonly partitions: { end: number; readonly batches: Uint8Array[] }[];
  configs: Record<string, string>;
}

/**
 * A whole LogService in a few lines, without storage: for tests of what stands in front of one. It keeps the last
 * context that it was given, and rejects everything with `failure` while that is set.
 */
export class SmallLog implements LogService {
  readonly #topics = new Map<string, SmallTopic>();
  readonly autoCreate: boolean;
  context: RequestContext | undefined;
  failure: Error | undefined;
  /** Awaited at the start of every method. */
  gate: (() => Promise<unknown>) | undefined;

  constructor(autoCreate = true) {
    this.autoCreate = autoCreate;
  }

  async produce(context: RequestContext, request: ProduceRequest): Promise<ProduceReply> {
    await this.#enter(context);
    const partitions = request.partitions.map(({ topic, partition, records }) => {
      return settled({ topic, partition }, () => {
        const log = this.#partition(topic, partition);
        const header = checkProducedBatch(records, { recordBytesMax: this.#batchBytesMax(topic) });
        const baseOffset = log.end;
        log.batches.push(placeBatch(records, baseOffset, 0));
        log.end += header.recordCount;
        return { baseOffset, appendTimeMs: -1, logStart: 0 };
      });
    });
    return { partitions };
  }

  async fetch(context: RequestContext, request: FetchRequest): Promise<FetchReply> {
    await this.#enter(context);
    const partitions = request.partitions.map(({ topic, partition, offset }) => {
      return settled({ topic, partition }, () => {
        const { end, batches } = this.#partition(topic, partition);
        if (offset < 0 || offset > end) {
          throw new LogError("OffsetOutOfRange", "no such offset", { details: { offset, logStart: 0, end } });
        }
        const records = batches.filter((batch) => endOffsetOf(readBatchHeader(batch)) > offset);
        return { highWatermark: end, lastStableOffset: end, logStart: 0, abortedTransactions: [], records };
      });
    });
    return { partitions };
  }

  async listOffsets(context: RequestContext, request: ListOffsetsRequest): Promise<ListOffsetsReply> {
    await this.#enter(context);
    const partitions = request.partitions.map(({ topic, partition, timestamp }) => {
      return settled({ topic, partition }, () => {
        const { end } = this.#partition(topic, partition);
        return { offset: timestamp === -1 ? end : 0, timestamp: -1, leaderEpoch: 0 };
      });
    });
    return { partitions };
  }

  async deleteRecords(context: RequestContext, request: DeleteRecordsRequest): Promise<DeleteRecordsReply> {
    await this.#enter(context);
    const partitions = request.partitions.map(({ topic, partition, beforeOffset }) => {
      return settled({ topic, partition }, () => {
        const { end } = this.#partition(topic, partition);
        if (beforeOffset > end) throw new LogError("OffsetOutOfRange", "no such offset", { details: { end } });
        return { logStart: beforeOffset === -1 ? end : beforeOffset };
      });
    });
    return { partitions };
  }

  async createTopics(context: RequestContext, request: CreateTopicsRequest): Promise<TopicResult<TopicDescription>[]> {
    await this.#enter(context);
    return request.topics.map(({ name, partitions = 1, configs = {} }) => {
      return settled({ topic: name }, () => {
        if (this.#topics.has(name)) throw new LogError("TopicAlreadyExists", `topic ${name} exists`);
        if (!/^[\w.-]+$/.test(name)) throw new LogError("InvalidTopic", "illegal name", { details: { name } });
        const topic = this.#create(name, partitions, { ...configs });
        if (request.validateOnly === true) this.#topics.delete(name);
        return descriptionOf(topic);
      });
    });
  }

  async deleteTopics(context: RequestContext, request: DeleteTopicsRequest): Promise<TopicResult<object>[]> {
    await this.#enter(context);
    return request.names.map((name) => {
      return settled({ topic: name }, () => {
        this.#topic(name);
        this.#topics.delete(name);
        return {};
      });
    });
  }

  async createPartitions(context: RequestContext, request: CreatePartitionsRequest) {
    await this.#enter(context);
    return request.topics.map(({ name, totalCount }) => {
      return settled({ topic: name }, () => {
        const topic = this.#topic(name);
        if (totalCount <= topic.partitions.length) throw new LogError("InvalidPartitions", "partitions only grow");
        while (topic.partitions.length < totalCount) topic.partitions.push({ end: 0, batches: [] });
        return descriptionOf(topic);
      });
    });
  }

  async describeTopics(context: RequestContext, request: DescribeTopicsRequest) {
    await this.#enter(context);
    return (request.names ?? [...this.#topics.keys()]).map((name) => {
      return settled({ topic: name }, () => {
        if (request.allowAutoCreate === true && this.autoCreate && !this.#topics.has(name)) this.#create(name, 2, {});
        return descriptionOf(this.#topic(name));
      });
    });
  }

  async describeConfigs(context: RequestContext, request: DescribeConfigsRequest) {
    await this.#enter(context);
    return request.topics.map((name) => settled({ topic: name }, () => configsOf(this.#topic(name))));
  }

  async alterConfigs(context: RequestContext, request: AlterConfigsRequest) {
    await this.#enter(context);
    return request.topics.map(({ name, set = {}, remove = [] }) => {
      return settled({ topic: name }, () => {
        const topic = this.#topic(name);
        topic.configs = { ...topic.configs, ...set };
        for (const config of remove) delete topic.configs[config];
        return configsOf(topic);
      });
    });
  }

  async initProducerId(context: RequestContext, request: InitProducerIdRequest) {
    await this.#enter(context);
    if (request.transactionalId !== undefined) throw new LogError("UnsupportedVersion", "no transactions");
    return { producerId: 7, producerEpoch: 0 };
  }

  async describeServer(context: RequestContext): Promise<ServerDescription> {
    await this.#enter(context);
    const storage = { kind: "memory", location: "here" };
    const { autoCreate: autoCreateTopics } = this;
    const of = { version: "0", runtime: "0", format: 1, nowMs: 0, messageBytesMax: 1 };
    return { clusterId: "small", ...of, storage, autoCreateTopics };
  }

  async collectGarbage(context: RequestContext, { after }: CollectGarbageRequest): Promise<CollectedGarbage> {
    await this.#enter(context);
    const found = { objects: 1, items: 2, bytes: 300, referred: 4, undecided: 0 };
    return after === undefined ? { ...found, next: "half" } : found;
  }

  // Groups are tried over the engine itself: this log has none.
  readonly groupHeartbeat = noGroups;
  readonly commitOffsets = noGroups;
  readonly fetchOffsets = noGroups;
  readonly listGroups = noGroups;
  readonly describeGroups = noGroups;
  readonly deleteGroups = noGroups;
  readonly resetOffsets = noGroups;
  readonly deleteOffsets = noGroups;

  async #enter(context: RequestContext): Promise<void> {
    this.context = context;
    await this.gate?.();
    if (this.failure !== undefined) throw this.failure;
  }

  #create(name: string, count: number, configs: Record<string, string>): SmallTopic {
    const partitions = Array.from({ length: count }, () => ({ end: 0, batches: [] }));
    const topic = { topicId: String(this.#topics.size).padStart(32, "0"), partitions, configs };
    this.#topics.set(name, topic);
    return topic;
  }

  #topic(name: string): SmallTopic {
    const topic = this.#topics.get(name);
    if (topic !== undefined) return topic;
    throw new LogError("UnknownTopicOrPartition", `topic ${name} does not exist`, { details: { topic: name } });
  }

  #partition(name: string, partition: number): SmallTopic["partitions"][number] {
    const found = this.#topic(name).partitions[partition];
    if (found !== undefined) return found;
    const details = { topic: name, partition };
    throw new LogError("UnknownTopicOrPartition", "no such partition", { details });
  }

  #batchBytesMax(name: string): number {
    return Number(this.#topic(name).configs["max.message.bytes"] ?? 1024 * 1024);
  }
}

function noGroups(): Promise<never> {
  return Promise.reject(new LogError("UnsupportedVersion", "no groups"));
}

function descriptionOf(topic: SmallTopic): TopicDescription {
  return { topicId: topic.topicId, partitions: topic.partitions.length, configs: topic.configs };
}

function configsOf(topic: SmallTopic) {
  return { entries: Object.entries(topic.configs).map(([name, value]) => ({ name, value, source: "topic" as const })) };
}

function settled<At extends object, Answer>(at: At, work: () => Answer) {
  try {
    return { ...at, ok: true as const, ...work() };
  } catch (error) {
    if (!isLogError(error)) throw error;
    return { ...at, ok: false as const, error };
  }
}
