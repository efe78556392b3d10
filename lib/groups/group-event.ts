import type { GroupMember, GroupState, GroupTopic, Subscription } from "../storage/items/group-state.ts";
import type { PartitionKey } from "../storage/items/partition-sets.ts";
import type { Targets } from "./assignors/assignor.ts";
import { DEFAULT_ASSIGNOR } from "./assignors/choose-assignor.ts";

/** Where a member stands on its way to its target. */
export type Placement = Pick<GroupMember, "epoch" | "assigned" | "revoking" | "revokeByMs">;

/** What happened to a group. */
export type GroupEvent =
  /** Also in the place of the same member, when it joins again. */
  | { readonly kind: "joined"; readonly member: GroupMember }
  | {
      readonly kind: "changed";
      readonly memberId: string;
      readonly subscription: Subscription;
      readonly assignor: string | undefined;
      readonly rebalanceTimeoutMs: number;
      readonly sequence: number;
    }
  | { readonly kind: "wentAway"; readonly memberId: string; readonly sequence: number }
  | { readonly kind: "removed"; readonly memberId: string; readonly reason: RemovalReason }
  | { readonly kind: "released"; readonly memberId: string; readonly partitions: readonly PartitionKey[] }
  | {
      readonly kind: "retargeted";
      readonly epoch: number;
      readonly assignor: string;
      readonly topics: ReadonlyMap<string, GroupTopic>;
      readonly targets: Targets;
      readonly atMs: number;
    }
  | { readonly kind: "placed"; readonly placements: ReadonlyMap<string, Placement> };

export type RemovalReason = "left" | "replaced" | "session expired" | "kept what it was to let go";

/** A group that nobody has joined yet. */
export const NEW_GROUP: GroupState = {
  epoch: 0,
  assignor: DEFAULT_ASSIGNOR,
  topics: new Map(),
  members: new Map(),
  emptySinceMs: undefined,
};

const NOTHING: ReadonlySet<PartitionKey> = new Set();

/** The state after an event. Decides nothing. */
export function applyEvent(state: GroupState, event: GroupEvent): GroupState {
  switch (event.kind) {
    case "joined":
      return withMember(state, event.member);
    case "changed": {
      const { kind: _, memberId, ...changes } = event;
      return changed(state, memberId, changes);
    }
    case "wentAway":
      return changed(state, event.memberId, { away: true, sequence: event.sequence });
    case "removed": {
      const members = new Map(state.members);
      members.delete(event.memberId);
      return { ...state, members };
    }
    case "released": {
      const revoking = new Map(state.members.get(event.memberId)?.revoking);
      for (const partition of event.partitions) revoking.delete(partition);
      return changed(state, event.memberId, { revoking, ...(revoking.size === 0 ? { revokeByMs: undefined } : {}) });
    }
    case "retargeted": {
      const { epoch, assignor, topics, targets, atMs } = event;
      const members = new Map<string, GroupMember>();
      for (const [id, member] of state.members) members.set(id, { ...member, target: targets.get(id) ?? NOTHING });
      return { epoch, assignor, topics, members, emptySinceMs: emptySince(state, members.size, atMs) };
    }
    case "placed": {
      const members = new Map(state.members);
      for (const [memberId, placement] of event.placements) {
        const member = members.get(memberId);
        if (member !== undefined) members.set(memberId, { ...member, ...placement });
      }
      return { ...state, members };
    }
  }
}

function emptySince(state: GroupState, members: number, atMs: number): number | undefined {
  return members > 0 ? undefined : (state.emptySinceMs ?? atMs);
}

function withMember(state: GroupState, member: GroupMember): GroupState {
  return { ...state, members: new Map(state.members).set(member.memberId, member) };
}

function changed(state: GroupState, memberId: string, changes: Partial<GroupMember>): GroupState {
  const member = state.members.get(memberId);
  return member === undefined ? state : withMember(state, { ...member, ...changes });
}
