import type { AssignedTopic, GroupHeartbeatReply, GroupHeartbeatRequest } from "../../../lib/api/group-types.ts";
import type { GroupWorld } from "./group-world.ts";

/** What a member was told that it may use, as "topic/partition". */
export function namesOf(assignment: readonly AssignedTopic[]): string[] {
  return assignment.flatMap(({ topic, partitions }) => partitions.map((partition) => `${topic}/${partition}`));
}

/** A member of a group as an SDK would be: it takes what it is told, and says so with its next heartbeat. */
export class TestMember {
  readonly world: GroupWorld;
  readonly groupId: string;
  readonly options: Partial<GroupHeartbeatRequest>;
  memberId: string;
  epoch = 0;
  assignment: readonly AssignedTopic[] = [];
  commits = 0;
  #sequence = 0;

  constructor(world: GroupWorld, groupId: string, options: Partial<GroupHeartbeatRequest>) {
    this.world = world;
    this.groupId = groupId;
    this.options = options;
    this.memberId = options.memberId ?? "";
  }

  get owned(): string[] {
    return namesOf(this.assignment);
  }

  request(over: Partial<GroupHeartbeatRequest> = {}): GroupHeartbeatRequest {
    const { memberId, epoch: memberEpoch, groupId } = this;
    const owned = this.assignment.map(({ topicId, partitions }) => ({ topicId, partitions }));
    return { ...this.options, groupId, memberId, memberEpoch, sequence: ++this.#sequence, owned, ...over };
  }

  async heartbeat(over: Partial<GroupHeartbeatRequest> = {}): Promise<GroupHeartbeatReply> {
    const reply = await this.world.service.groupHeartbeat(this.world.context(), this.request(over));
    this.memberId = reply.memberId;
    if (reply.memberEpoch > 0) this.epoch = reply.memberEpoch;
    if (reply.assignment !== undefined) this.assignment = reply.assignment;
    return reply;
  }

  /** Gives everything up, as a member does that has been fenced, and joins. */
  join(): Promise<GroupHeartbeatReply> {
    this.epoch = 0;
    this.assignment = [];
    return this.heartbeat();
  }

  leave(memberEpoch = -1): Promise<GroupHeartbeatReply> {
    return this.heartbeat({ memberEpoch });
  }

  async commit(
    topic: string,
    partition: number,
    offset: number,
    over: { sequence?: number; memberEpoch?: number } = {},
  ) {
    const { memberId, groupId, epoch: memberEpoch } = this;
    const { partitions } = await this.world.service.commitOffsets(this.world.context(), {
      groupId,
      memberId,
      memberEpoch,
      sequence: ++this.commits,
      ...over,
      partitions: [{ topic, partition, offset }],
    });
    const [result] = partitions;
    if (result === undefined || !result.ok) throw result?.error ?? new Error("no answer");
  }
}
