import { isLogError } from "../../../lib/base/errors.ts";
import type { TopicId } from "../../../lib/base/ids.ts";
import { decide, overdueMembers } from "../../../lib/groups/decide.ts";
import type { GroupReply, HeartbeatRequest } from "../../../lib/groups/group-request.ts";
import { defaultGroupSettings } from "../../../lib/groups/group-settings.ts";
import type { GroupState, GroupTopic } from "../../../lib/storage/items/group-state.ts";
import type { PartitionKey } from "../../../lib/storage/items/partition-sets.ts";

export function topicOf(name: string, partitions: number): GroupTopic {
  const topicId = Buffer.from(name.padEnd(16, "_")).toString("hex") as TopicId;
  return { name, topicId, partitions };
}

/** A member's own side: what it believes, and what it really uses. */
export interface ModelMember {
  readonly memberId: string;
  epoch: number;
  sequence: number;
  uses: Set<PartitionKey>;
}

/** A group with its members, both sides, without any store: requests may be lost, repeated and late. */
export class ModelGroup {
  state: GroupState | undefined;
  nowMs = 1_000_000;
  readonly topics = new Map<string, GroupTopic>();
  readonly members = new Map<string, ModelMember>();
  /** Everything that was ever sent. */
  readonly sent: HeartbeatRequest[] = [];
  subscription = ["a", "b"];

  member(memberId: string): ModelMember {
    const known = this.members.get(memberId) ?? { memberId, epoch: 0, sequence: 0, uses: new Set() };
    this.members.set(memberId, known);
    return known;
  }

  /** Whether the group counts it as a member in the incarnation that it believes in. */
  isLive({ memberId, epoch }: ModelMember): boolean {
    const known = this.state?.members.get(memberId);
    return known !== undefined && epoch >= known.joinedEpoch;
  }

  join(memberId: string, fate: Fate): void {
    const member = this.member(memberId);
    member.epoch = 0;
    member.uses = new Set();
    this.#exchange(member, this.#request(member, 0), fate);
  }

  heartbeat(memberId: string, fate: Fate): void {
    const member = this.member(memberId);
    if (member.epoch === 0) this.join(memberId, fate);
    else this.#exchange(member, this.#request(member, member.epoch), fate);
  }

  leave(memberId: string, fate: Fate): void {
    const member = this.member(memberId);
    if (member.epoch === 0) return;
    member.uses = new Set();
    this.#exchange(member, this.#request(member, -1), fate);
    member.epoch = 0;
  }

  /** The group takes it for dead; it knows nothing of that. */
  expire(memberId: string): void {
    if (this.state?.members.has(memberId)) {
      this.#decide({ kind: "expire", members: new Map([[memberId, 0]]) });
    }
  }

  /** A request of the past arrives once more; nobody waits for its answer. */
  repeat(at: number): void {
    const request = this.sent[at % Math.max(1, this.sent.length)];
    if (request !== undefined) this.attempt(request);
  }

  overdue(): readonly string[] {
    return this.state === undefined ? [] : overdueMembers(this.state, this.nowMs);
  }

  /** The answer, or the code that it was refused with. */
  attempt(request: HeartbeatRequest): GroupReply | string {
    try {
      return this.#decide(request) as GroupReply;
    } catch (error) {
      if (isLogError(error)) return error.code;
      throw error;
    }
  }

  #request(member: ModelMember, epoch: number): HeartbeatRequest {
    const looked = new Set(["a", "b"]);
    const request: HeartbeatRequest = {
      kind: "heartbeat",
      memberId: member.memberId,
      instanceId: undefined,
      clientId: "model",
      epoch,
      sequence: ++member.sequence,
      subscription: { topics: this.subscription, pattern: undefined },
      assignor: undefined,
      rebalanceTimeoutMs: undefined,
      owned: new Set(member.uses),
      view: { looked, found: new Map(this.topics) },
    };
    this.sent.push(request);
    return request;
  }

  #exchange(member: ModelMember, request: HeartbeatRequest, fate: Fate): void {
    if (fate === "request lost") return;
    const answer = this.attempt(request);
    if (fate === "answer lost") return;
    if (typeof answer === "string") {
      // Fenced, or unknown: give up everything and join again.
      member.epoch = 0;
      member.uses = new Set();
      return;
    }
    if (request.epoch < 0) return;
    member.epoch = answer.epoch;
    if (answer.assignment !== undefined) member.uses = new Set(answer.assignment.keys());
  }

  #decide(request: Parameters<typeof decide>[1]): GroupReply | undefined {
    const decision = decide(this.state, request, this.nowMs, defaultGroupSettings);
    this.state = decision.state;
    return decision.reply;
  }
}

export type Fate = "arrives" | "request lost" | "answer lost";
