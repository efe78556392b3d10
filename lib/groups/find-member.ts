import { LogError } from "../base/errors.ts";
import type { GroupMember, GroupState } from "../storage/items/group-state.ts";

/** The static member with this instance id. */
export function instanceHolder(state: GroupState, instanceId: string): GroupMember | undefined {
  for (const member of state.members.values()) if (member.instanceId === instanceId) return member;
  return undefined;
}

/** The member that asks; `UnknownMemberId`, or `FencedInstanceId` when another one has taken its instance's place. */
export function findMember(
  state: GroupState,
  { memberId, instanceId }: { readonly memberId: string; readonly instanceId?: string | undefined },
): GroupMember {
  const holder = instanceId === undefined ? undefined : instanceHolder(state, instanceId);
  if (holder !== undefined && holder.memberId !== memberId) {
    throw new LogError("FencedInstanceId", `another member has taken the place of instance ${instanceId}`, {
      details: { memberId, instanceId },
    });
  }
  const member = state.members.get(memberId);
  if (member === undefined) throw unknownMember(memberId);
  return member;
}

export function unknownMember(memberId: string): LogError {
  return new LogError(
    "UnknownMemberId",
    `the group has no member ${memberId}: it left, or was removed when its session expired; join again`,
    { details: { memberId } },
  );
}

export function unknownGroup(): LogError {
  return new LogError("GroupIdNotFound", "the group does not exist: nobody has joined it, or it has been deleted");
}

export function nonEmptyGroup(groupId: string, members: number): LogError {
  return new LogError("NonEmptyGroup", `group ${groupId} is in use, its members count ${members}: stop them first`, {
    details: { groupId, members },
  });
}

/** Refuses an epoch that this member cannot know, or knew before it last joined. */
export function checkMemberEpoch(member: GroupMember, epoch: number): void {
  if (!member.away && epoch >= member.joinedEpoch && epoch <= member.epoch) return;
  throw new LogError(
    "FencedMemberEpoch",
    `member epoch ${epoch} does not belong to this member, whose epoch is ${member.epoch}: give up all partitions and join again`,
    { details: { memberId: member.memberId, epoch, memberEpoch: member.epoch } },
  );
}
