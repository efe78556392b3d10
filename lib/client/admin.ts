import type { ServerDescription } from "../api/log-service.ts";
import type { CollectedGarbage } from "../api/maintenance-types.ts";
import {
  EARLIEST_TIMESTAMP,
  type Isolation,
  LATEST_TIMESTAMP,
  type ListedOffset,
  type TopicPartition,
} from "../api/record-types.ts";
import type {
  AlterConfigsRequest,
  ConfigEntry,
  CreateTopicsRequest,
  TopicDescription,
  TopicResult,
} from "../api/topic-types.ts";
import { LogError } from "../base/errors.ts";
import type { AdminCallOptions } from "./call-options.ts";
import type { Ask, Connection } from "./connection.ts";
import { GroupAdmin } from "./group-admin.ts";
import { listOffsets } from "./list-offsets.ts";
import { retryWhileRetriable } from "./retry.ts";
import { missingTopic, type TopicMetadata } from "./topic-metadata.ts";

export type NewTopic = CreateTopicsRequest["topics"][number];
export type ConfigChange = Omit<AlterConfigsRequest["topics"][number], "name">;

/** A topic by its name. */
export interface NamedTopic extends TopicDescription {
  readonly topic: string;
}

/** Where a partition begins and ends. */
export interface PartitionOffsets extends TopicPartition {
  readonly logStartOffset: number;
  /** The offset that the next record gets. */
  readonly highWatermark: number;
}

export type GarbageSummary = Omit<CollectedGarbage, "next">;

/** How long reads go on retrying a server that cannot be reached, in ms; changes are never repeated. */
const READ_RETRY_MS = 15_000;

/** Kafka's DeleteRecords: all below the high watermark. */
const EVERY_RECORD = -1;

/** Topics, their settings and their offsets. A method that names one topic throws that topic's error. */
export class Admin {
  /** Consumer groups. */
  readonly groups: GroupAdmin;
  readonly #connection: Connection;
  readonly #metadata: TopicMetadata;

  constructor(connection: Connection, metadata: TopicMetadata) {
    this.groups = new GroupAdmin(connection);
    this.#connection = connection;
    this.#metadata = metadata;
  }

  /** Creates a topic; `TopicAlreadyExists` when there is one of this name. */
  async createTopic(topic: NewTopic, options: AdminCallOptions & { validateOnly?: boolean } = {}): Promise<NamedTopic> {
    return only(topic.name, await this.createTopics([topic], options));
  }

  createTopics(
    topics: readonly NewTopic[],
    options: AdminCallOptions & { validateOnly?: boolean } = {},
  ): Promise<readonly TopicResult<TopicDescription>[]> {
    const request = { topics, validateOnly: options.validateOnly };
    return this.#connection.request(
      "createTopics",
      (service, context) => service.createTopics(context, request),
      options,
    );
  }

  async deleteTopic(name: string, options: AdminCallOptions = {}): Promise<void> {
    only(name, await this.deleteTopics([name], options));
  }

  async deleteTopics(
    names: readonly string[],
    options: AdminCallOptions = {},
  ): Promise<readonly TopicResult<object>[]> {
    try {
      return await this.#connection.request(
        "deleteTopics",
        (service, context) => service.deleteTopics(context, { names }),
        options,
      );
    } finally {
      for (const name of names) this.#metadata.forget(name);
    }
  }

  /** Grows a topic to `totalCount` partitions, while it is in use if need be. Keys may change partition. */
  async createPartitions(name: string, totalCount: number, options: AdminCallOptions = {}): Promise<NamedTopic> {
    try {
      const request = { topics: [{ name, totalCount }] };
      const results = await this.#connection.request(
        "createPartitions",
        (service, context) => service.createPartitions(context, request),
        options,
      );
      return only(name, results);
    } finally {
      this.#metadata.forget(name);
    }
  }

  /** All topics. */
  async listTopics(options: AdminCallOptions = {}): Promise<NamedTopic[]> {
    const results = await this.describeTopics(undefined, options);
    return results.flatMap((result) => (result.ok ? [only(result.topic, [result])] : []));
  }

  async describeTopic(name: string, options: AdminCallOptions = {}): Promise<NamedTopic> {
    return only(name, await this.describeTopics([name], options));
  }

  /** Those named, or all. Creates nothing. */
  describeTopics(
    names?: readonly string[],
    options: AdminCallOptions = {},
  ): Promise<readonly TopicResult<TopicDescription>[]> {
    return this.#read("describeTopics", options, (service, context) => service.describeTopics(context, { names }));
  }

  /** The effective settings of a topic, and where each comes from. */
  async describeConfigs(name: string, options: AdminCallOptions = {}): Promise<readonly ConfigEntry[]> {
    const request = { topics: [name] };
    const results = await this.#read("describeConfigs", options, (service, context) =>
      service.describeConfigs(context, request),
    );
    return only(name, results).entries;
  }

  /** Sets and removes single settings; the others stay. Answers with the effective ones. */
  async alterConfigs(
    name: string,
    change: ConfigChange,
    options: AdminCallOptions = {},
  ): Promise<readonly ConfigEntry[]> {
    const request = { topics: [{ ...change, name }] };
    const results = await this.#connection.request(
      "alterConfigs",
      (service, context) => service.alterConfigs(context, request),
      options,
    );
    return only(name, results).entries;
  }

  /** Log start and high watermark of each partition of a topic. */
  async offsets(name: string, options: AdminCallOptions & { isolation?: Isolation } = {}): Promise<PartitionOffsets[]> {
    const { partitions: count } = await this.describeTopic(name, options);
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic: name, partition }));
    const [starts, ends] = await Promise.all([
      this.listOffsets(partitions, EARLIEST_TIMESTAMP, options),
      this.listOffsets(partitions, LATEST_TIMESTAMP, options),
    ]);
    return partitions.map((partition, at) => ({
      ...partition,
      logStartOffset: starts[at]?.offset ?? 0,
      highWatermark: ends[at]?.offset ?? 0,
    }));
  }

  /**
   * Deletes the records of a partition below an offset, or all of them when none is given, for good. Answers with the
   * first offset that is left. Doing it again does no harm.
   */
  async deleteRecords(at: TopicPartition, beforeOffset?: number, options: AdminCallOptions = {}): Promise<number> {
    const { topic, partition } = at;
    const request = { partitions: [{ topic, partition, beforeOffset: beforeOffset ?? EVERY_RECORD }] };
    const { partitions } = await this.#connection.request(
      "deleteRecords",
      (service, context) => service.deleteRecords(context, request),
      options,
    );
    const [result] = partitions;
    if (result === undefined) throw new LogError("UnknownServerError", `no answer for topic "${topic}"`);
    if (!result.ok) throw result.error;
    return result.logStart;
  }

  /**
   * Deletes stored bytes that nothing refers to, which servers do anyway when their turn comes; in a dry run it only
   * tells what might go. Answers with the sums, once everything has been looked at.
   */
  async collectGarbage(options: AdminCallOptions & { dryRun?: boolean } = {}): Promise<GarbageSummary> {
    const { dryRun = false } = options;
    const total = { objects: 0, items: 0, bytes: 0, referred: 0, undecided: 0 };
    for (let after: string | undefined; ; ) {
      const request = { dryRun, after };
      const ask: Ask<CollectedGarbage> = (service, context) => service.collectGarbage(context, request);
      const { next, ...done } = await this.#connection.request("collectGarbage", ask, options);
      for (const name of Object.keys(total) as (keyof GarbageSummary)[]) total[name] += done[name];
      if (next === undefined) return total;
      after = next;
    }
  }

  /** The first offset at or after a time (ms since the Unix epoch, or one of Kafka's special timestamps). */
  listOffsets(
    partitions: readonly TopicPartition[],
    timestamp: number,
    options: AdminCallOptions & { isolation?: Isolation } = {},
  ): Promise<(TopicPartition & ListedOffset)[]> {
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    return listOffsets(this.#connection, asked, {
      isolation: options.isolation ?? "read_uncommitted",
      signal: options.signal,
      timeoutMs: READ_RETRY_MS,
    });
  }

  describeServer(options: AdminCallOptions = {}): Promise<ServerDescription> {
    return this.#connection.request("describeServer", (service, context) => service.describeServer(context), options);
  }

  #read<T>(what: string, options: AdminCallOptions, ask: Ask<T>): Promise<T> {
    const { backoff, runtime } = this.#connection;
    const retry = { clock: runtime.clock, backoff, timeoutMs: READ_RETRY_MS, signal: options.signal };
    return retryWhileRetriable(retry, () => this.#connection.request(what, ask, options));
  }
}

/** The one answer that was asked for, without the mark that says whether it is one. */
function only<Answer>(name: string, results: readonly TopicResult<Answer>[]): { topic: string } & Answer {
  const result = results[0];
  if (result === undefined) throw new LogError("UnknownServerError", `no answer for topic "${name}"`);
  if (result.ok) {
    const { ok: _ok, ...answer } = result;
    return answer as { topic: string } & Answer;
  }
  if (result.error.code === "UnknownTopicOrPartition") throw missingTopic(name, result.error);
  throw result.error;
}
