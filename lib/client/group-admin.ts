import type {
  CommitOffsetPart,
  GroupDescription,
  GroupStateName,
  ListedGroup,
  OffsetTarget,
  ResetOffset,
} from "../api/group-types.ts";
import { LATEST_TIMESTAMP, type PartitionResult, type TopicPartition } from "../api/record-types.ts";
import { LogError } from "../base/errors.ts";
import type { AdminCallOptions } from "./call-options.ts";
import type { Ask, Connection } from "./connection.ts";
import { listOffsets } from "./list-offsets.ts";
import { retryWhileRetriable } from "./retry.ts";

/** How far a group is in a partition. */
export interface GroupOffset extends TopicPartition {
  /** Of the next record that the group consumes. */
  readonly offset: number;
  readonly metadata: string;
  readonly highWatermark: number;
  /** Records that the group has still to consume. */
  readonly lag: number;
}

/** What to reset: whole topics, single partitions, or, without either, all for which something is committed. */
export interface ResetOptions extends AdminCallOptions {
  readonly to: OffsetTarget;
  readonly topics?: readonly string[] | undefined;
  readonly partitions?: readonly TopicPartition[] | undefined;
  /** Changes nothing, and says what would be. */
  readonly dryRun?: boolean | undefined;
}

/** How long reads go on retrying a server that cannot be reached, in ms; changes are never repeated. */
const READ_RETRY_MS = 15_000;

/** Consumer groups: who is in them, how far they are, and where they go on. */
export class GroupAdmin {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** All groups, or those in the given states, by id. */
  async list(options: AdminCallOptions & { states?: readonly GroupStateName[] } = {}): Promise<readonly ListedGroup[]> {
    const { states } = options;
    return (await this.#read("listGroups", options, (service, context) => service.listGroups(context, { states })))
      .groups;
  }

  /** The group's members and their partitions; `GroupIdNotFound` when there is none of this id. */
  async describe(groupId: string, options: AdminCallOptions = {}): Promise<GroupDescription> {
    const request = { groupIds: [groupId] };
    const [result] = await this.#read("describeGroups", options, (service, context) =>
      service.describeGroups(context, request),
    );
    if (result === undefined) throw noAnswer(groupId);
    if (!result.ok) throw result.error;
    const { groupId: _id, ok: _ok, ...description } = result;
    return description;
  }

  /** What the group has committed, and its lag, by topic and partition. */
  async offsets(groupId: string, options: AdminCallOptions = {}): Promise<readonly GroupOffset[]> {
    const { partitions } = await this.#read("fetchOffsets", options, (service, context) =>
      service.fetchOffsets(context, { groupId }),
    );
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: LATEST_TIMESTAMP }));
    const ends = await listOffsets(this.#connection, asked, {
      isolation: "read_uncommitted",
      signal: options.signal,
      timeoutMs: READ_RETRY_MS,
    });
    return partitions.map((result, at) => {
      if (!result.ok) throw result.error;
      const { topic, partition, offset, metadata } = result;
      const highWatermark = ends[at]?.offset ?? offset;
      return { topic, partition, offset, metadata, highWatermark, lag: Math.max(0, highWatermark - offset) };
    });
  }

  /**
   * Moves what a group has committed, or says with `dryRun` what would be moved. Refused with `NonEmptyGroup` while
   * the group has members. Offsets never leave what a partition holds.
   *
   * @example
   * await log.admin.groups.resetOffsets("billing", { to: { kind: "shift", by: -100 }, dryRun: true });
   */
  async resetOffsets(groupId: string, options: ResetOptions): Promise<readonly PartitionResult<ResetOffset>[]> {
    const { to, topics, partitions, dryRun } = options;
    const request = { groupId, to, topics, partitions, dryRun };
    const ask: Ask<{ partitions: readonly PartitionResult<ResetOffset>[] }> = (service, context) =>
      service.resetOffsets(context, request);
    return (await this.#connection.request("resetOffsets", ask, options)).partitions;
  }

  /** Sets what a group without members has committed; makes the group when there is none. */
  async setOffsets(
    groupId: string,
    partitions: readonly CommitOffsetPart[],
    options: AdminCallOptions = {},
  ): Promise<void> {
    const { partitions: results } = await this.#connection.request(
      "commitOffsets",
      (service, context) => service.commitOffsets(context, { groupId, partitions }),
      options,
    );
    for (const result of results) if (!result.ok) throw result.error;
  }

  /** Forgets what a group has committed for these partitions; refused for topics that its members subscribe to. */
  async deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: AdminCallOptions = {},
  ): Promise<void> {
    const { partitions: results } = await this.#connection.request(
      "deleteOffsets",
      (service, context) => service.deleteOffsets(context, { groupId, partitions }),
      options,
    );
    for (const result of results) if (!result.ok) throw result.error;
  }

  /** Deletes a group and its offsets; `NonEmptyGroup` while it has members. */
  async delete(groupId: string, options: AdminCallOptions = {}): Promise<void> {
    const request = { groupIds: [groupId] };
    const [result] = await this.#connection.request(
      "deleteGroups",
      (service, context) => service.deleteGroups(context, request),
      options,
    );
    if (result === undefined) throw noAnswer(groupId);
    if (!result.ok) throw result.error;
  }

  #read<T>(what: string, options: AdminCallOptions, ask: Ask<T>): Promise<T> {
    const { backoff, runtime } = this.#connection;
    const retry = { clock: runtime.clock, backoff, timeoutMs: READ_RETRY_MS, signal: options.signal };
    return retryWhileRetriable(retry, () => this.#connection.request(what, ask, options));
  }
}

function noAnswer(groupId: string): LogError {
  return new LogError("UnknownServerError", `no answer for group "${groupId}"`);
}
