import type { GroupMember, GroupState, GroupTopic } from "../storage/items/group-state.ts";
import type { PartitionKey } from "../storage/items/partition-sets.ts";
import { assignorOf, chooseAssignor } from "./assignors/choose-assignor.ts";
import type { Draft } from "./draft.ts";
import type { Placement } from "./group-event.ts";
import { isSubscribed, subscribedTopics, type TopicsView } from "./topics-view.ts";

/** Begins a new epoch: new targets for all, and the first step of everybody towards them. */
export function rebalance(draft: Draft, view: TopicsView): void {
  const { state, nowMs } = draft;
  const topics = subscribedTopics(state, view);
  const members = [...state.members.values()];
  const assignor = chooseAssignor(members.map((member) => member.assignor));
  const targets = assignorOf(assignor)(
    members.map((member) => ({
      name: member.instanceId ?? member.memberId,
      memberId: member.memberId,
      topics: topicsFor(member, topics),
      held: member.target,
    })),
  );
  draft.note({ kind: "retargeted", epoch: state.epoch + 1, assignor, topics, targets, atMs: nowMs });
  place(draft);
}

const topicLists = new WeakMap<ReadonlyMap<string, GroupTopic>, Map<string, readonly GroupTopic[]>>();

/** Equal subscriptions share one list: a thousand members would otherwise match a thousand patterns. */
function topicsFor({ subscription }: GroupMember, topics: ReadonlyMap<string, GroupTopic>): readonly GroupTopic[] {
  const lists = topicLists.get(topics) ?? new Map<string, readonly GroupTopic[]>();
  topicLists.set(topics, lists);
  const text = JSON.stringify(subscription);
  const list = lists.get(text) ?? [...topics.values()].filter(({ name }) => isSubscribed(subscription, name));
  lists.set(text, list);
  return list;
}

/**
 * Takes every member one step towards its target (KIP-848): what is not in it must be let go of; what is, is given
 * as soon as nobody else has it. Everybody moves to the group's epoch at once, not when it next asks: only so can
 * a member's word that it let go, under this epoch, not be an older word that comes late.
 */
export function place(draft: Draft): void {
  const { state } = draft;
  const placements = new Map<string, Placement>();
  const owned = new Set<PartitionKey>();
  for (const { assigned, revoking } of state.members.values()) {
    for (const partition of assigned.keys()) owned.add(partition);
    for (const partition of revoking.keys()) owned.add(partition);
  }
  for (const member of state.members.values()) {
    const placement = placementOf(member, state, owned, draft.nowMs);
    if (!isWhere(member, placement)) placements.set(member.memberId, placement);
  }
  if (placements.size > 0) draft.note({ kind: "placed", placements });
}

function placementOf(
  member: GroupMember,
  { epoch }: GroupState,
  owned: ReadonlySet<PartitionKey>,
  nowMs: number,
): Placement {
  const assigned = new Map<PartitionKey, number>();
  const revoking = new Map<PartitionKey, number>();
  for (const [partition, since] of [...member.assigned, ...member.revoking]) {
    (member.target.has(partition) ? assigned : revoking).set(partition, since);
  }
  for (const partition of member.target) {
    if (!owned.has(partition)) assigned.set(partition, epoch);
  }
  const revokeByMs = revoking.size === 0 ? undefined : (member.revokeByMs ?? nowMs + member.rebalanceTimeoutMs);
  return { epoch, assigned, revoking, revokeByMs };
}

function isWhere(member: GroupMember, { epoch, assigned, revoking, revokeByMs }: Placement): boolean {
  return (
    member.epoch === epoch &&
    member.revokeByMs === revokeByMs &&
    sameKeys(member.assigned, assigned) &&
    sameKeys(member.revoking, revoking)
  );
}

function sameKeys(a: ReadonlyMap<PartitionKey, number>, b: ReadonlyMap<PartitionKey, number>): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) if (!b.has(key)) return false;
  return true;
}
