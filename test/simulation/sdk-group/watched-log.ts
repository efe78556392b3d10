import type {
  CommitOffsetPart,
  CommitOffsetsReply,
  CommitOffsetsRequest,
  FetchOffsetsReply,
  FetchOffsetsRequest,
  GroupHeartbeatReply,
  GroupHeartbeatRequest,
} from "../../../lib/api/group-types.ts";
import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import type { TopicPartition } from "../../../lib/api/record-types.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import type { TopicId } from "../../../lib/base/ids.ts";
import { type PartitionKey, partitionKeyOf } from "../../../lib/storage/items/partition-sets.ts";
import { signatureOf } from "../groups/stored-groups.ts";
import { serviceWith } from "../planted/service-with.ts";
import { remoteLog } from "../sdk/remote-log.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";

const FENCED = ["FencedMemberEpoch", "UnknownMemberId", "GroupIdNotFound"] as const;

/** What passes between a member and the brokers: what the member knows, whatever its application is told. */
export class WatchedLog {
  readonly service: LogService;
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #topicIds = new Map<string, TopicId>();
  /** Partitions whose newest commit has no answer, or not a good one. */
  readonly #unsure = new Set<PartitionKey>();
  #commitsUnderWay = 0;
  #epoch = 0;
  #fencedAtMs = Number.POSITIVE_INFINITY;
  #heardMs = 0;

  constructor(world: World, client: SimulatedProcess) {
    this.#world = world;
    this.#client = client;
    const remote = remoteLog(world, client);
    const own: Partial<LogService> = {
      groupHeartbeat: (context, request) => this.#heartbeat(remote, context, request),
      commitOffsets: (context, request) => this.#commit(remote, context, request),
      fetchOffsets: (context, request) => this.#fetchOffsets(remote, context, request),
    };
    this.service = serviceWith(remote, own);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the group has refused it, and has not taken it again since. The moment in which it hears of it is its own. */
  get isFenced(): boolean {
    return this.#world.scheduler.nowMs > this.#fencedAtMs;
  }

  /** For how long nothing was heard of the group. */
  get silentMs(): number {
    return this.#client.runtime.clock.monotonicMs() - this.#heardMs;
  }

  /** As the group has named it to this member. */
  keyOf({ topic, partition }: TopicPartition): PartitionKey | undefined {
    const topicId = this.#topicIds.get(topic);
    return topicId === undefined ? undefined : partitionKeyOf(topicId, partition);
  }

  /** Whether what the member wanted to commit of this may not have been. */
  isUnsure(key: PartitionKey): boolean {
    return this.#commitsUnderWay > 0 || this.#unsure.has(key);
  }

  async #heartbeat(
    remote: LogService,
    context: RequestContext,
    request: GroupHeartbeatRequest,
  ): Promise<GroupHeartbeatReply> {
    const { clock } = this.#client.runtime;
    const sentMs = clock.monotonicMs();
    const isWanted = (): boolean => request.memberEpoch >= 0 && context.signal?.aborted !== true;
    // What comes later finds nobody who waits for it, but after a freeze it may: then the doubt is the member's.
    const isInTime = (): boolean => clock.monotonicMs() < context.deadlineMs;
    try {
      const reply = await remote.groupHeartbeat(context, request);
      if (!isWanted()) return reply;
      this.#heardMs = sentMs;
      if (isInTime()) this.#epoch = reply.memberEpoch;
      this.#fencedAtMs = Number.POSITIVE_INFINITY;
      for (const { topic, topicId } of reply.assignment ?? []) this.#topicIds.set(topic, topicId as TopicId);
      return reply;
    } catch (error) {
      if (isWanted() && isInTime() && isLogError(error, ...FENCED)) {
        this.#fencedAtMs = Math.min(this.#fencedAtMs, this.#world.scheduler.nowMs);
      }
      throw error;
    }
  }

  /** Signed on its way, so that what stands in an offset's item tells whose it is. */
  async #commit(
    remote: LogService,
    context: RequestContext,
    request: CommitOffsetsRequest,
  ): Promise<CommitOffsetsReply> {
    const { memberId = "", memberEpoch = 0, sequence = 0 } = request;
    const metadata = signatureOf(memberId, memberEpoch, sequence);
    const keys = request.partitions.map((part) => keyOfPart(part));
    const { sdkGroup, trace } = this.#world;
    for (const [at, part] of request.partitions.entries()) {
      const key = keys[at] as PartitionKey;
      this.#unsure.add(key);
      sdkGroup.asks(this.#client.name, part, key);
    }
    const partitions = request.partitions.map((part) => ({ ...part, metadata }));
    this.#commitsUnderWay += 1;
    try {
      const reply = await remote.commitOffsets(context, { ...request, partitions });
      for (const [at, part] of request.partitions.entries()) {
        const answer = reply.partitions[at];
        trace.note(
          this.#client.name,
          () =>
            `commit ${sequence} of ${part.topic}-${part.partition} at ${part.offset}: ${answer?.ok === true ? "done" : answer?.error.code}`,
        );
        if (answer?.ok !== true) continue;
        this.#unsure.delete(keys[at] as PartitionKey);
        sdkGroup.committed(part, keys[at] as PartitionKey);
      }
      return reply;
    } finally {
      this.#commitsUnderWay -= 1;
    }
  }

  async #fetchOffsets(
    remote: LogService,
    context: RequestContext,
    request: FetchOffsetsRequest,
  ): Promise<FetchOffsetsReply> {
    const { sdkGroup } = this.#world;
    const asked = (request.partitions ?? []).map((place) => {
      const key = this.keyOf(place);
      return { key, before: key === undefined ? -1 : sdkGroup.groups.committedOf(key) };
    });
    const reply = await remote.fetchOffsets(context, request);
    for (const [at, answer] of reply.partitions.entries()) {
      const { key, before = -1 } = asked[at] ?? {};
      if (!answer.ok || key !== partitionKeyOf(answer.topicId as TopicId, answer.partition)) continue;
      sdkGroup.groups.told(this.#client.name, key, answer.offset, before);
      // Of a commit whose answer was lost it is the first news.
      if (answer.offset >= 0) sdkGroup.committed(answer, key);
    }
    return reply;
  }
}

/** Every commit of the product's consumer names the topic's id. */
function keyOfPart({ topicId, partition }: CommitOffsetPart): PartitionKey {
  return partitionKeyOf(topicId as TopicId, partition);
}
