import type { GroupMember, Subscription } from "../storage/items/group-state.ts";
import type { PartitionKey } from "../storage/items/partition-sets.ts";
import { checkAssignor } from "./assignors/choose-assignor.ts";
import type { Draft } from "./draft.ts";
import { checkMemberEpoch, findMember } from "./find-member.ts";
import type { GroupReply, HeartbeatRequest } from "./group-request.ts";
import { place, rebalance } from "./rebalance.ts";
import { NO_LOOK, sameTopics, subscribedTopics } from "./topics-view.ts";

/** A member shows life, says what it uses, and perhaps asks for something else. */
export function decideHeartbeat(draft: Draft, request: HeartbeatRequest): GroupReply {
  const member = findMember(draft.state, request);
  checkMemberEpoch(member, request.epoch);
  // A request that was overtaken by a newer one tells nothing that still holds.
  if (request.sequence < member.sequence) return replyTo(draft, request);
  const released = letGo(member, request);
  if (released.length > 0) draft.note({ kind: "released", memberId: member.memberId, partitions: released });
  const changed = noteChanges(draft, member, request);
  if (changed || topicsChanged(draft, request)) rebalance(draft, request.view ?? NO_LOOK);
  else if (released.length > 0) place(draft);
  return replyTo(draft, request);
}

/** What the member says it no longer uses. Only under the newest epoch: see `place`. */
function letGo(member: GroupMember, { epoch, owned }: HeartbeatRequest): readonly PartitionKey[] {
  if (owned === undefined || epoch !== member.epoch) return [];
  return [...member.revoking.keys()].filter((partition) => !owned.has(partition));
}

function noteChanges(draft: Draft, member: GroupMember, request: HeartbeatRequest): boolean {
  const {
    subscription = member.subscription,
    assignor = member.assignor,
    rebalanceTimeoutMs = member.rebalanceTimeoutMs,
    sequence,
  } = request;
  if (assignor !== undefined) checkAssignor(assignor);
  const same =
    sameSubscription(subscription, member.subscription) &&
    assignor === member.assignor &&
    rebalanceTimeoutMs === member.rebalanceTimeoutMs;
  if (same) return false;
  draft.note({
    kind: "changed",
    memberId: member.memberId,
    subscription,
    assignor,
    rebalanceTimeoutMs,
    sequence,
  });
  return true;
}

export function sameSubscription(a: Subscription, b: Subscription): boolean {
  return (
    a.pattern === b.pattern &&
    a.topics.length === b.topics.length &&
    a.topics.every((topic, at) => topic === b.topics[at])
  );
}

function topicsChanged({ state }: Draft, { view }: HeartbeatRequest): boolean {
  return view !== undefined && !sameTopics(state.topics, subscribedTopics(state, view));
}

/** Tells the member its assignment unless that is what it uses. */
export function replyTo(draft: Draft, { memberId, owned }: HeartbeatRequest): GroupReply {
  const { epoch, assigned } = findMember(draft.state, { memberId });
  const unconfirmed = new Map([...assigned].filter(([partition]) => !owned?.has(partition)));
  const told = owned !== undefined && unconfirmed.size === 0 && owned.size === assigned.size;
  const { topics } = draft.state;
  return { memberId, epoch, assignment: told ? undefined : assigned, topics, unconfirmed };
}
