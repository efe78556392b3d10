import type {
  DescribedMember,
  GroupDescription,
  GroupIdsRequest,
  GroupResult,
  ListGroupsReply,
  ListGroupsRequest,
} from "../api/group-types.ts";
import type { RequestContext } from "../api/log-service.ts";
import { LogError } from "../base/errors.ts";
import { requestPartitionsMax } from "../base/limits.ts";
import { deleteGroup } from "../groups/delete-group.ts";
import { unknownGroup } from "../groups/find-member.ts";
import { listGroups as listAll } from "../groups/list-groups.ts";
import type { GroupMember, GroupState } from "../storage/items/group-state.ts";
import { assignedTopics, enterGroup } from "./group-names.ts";
import { asLogError, type ServiceCore } from "./service-core.ts";

export async function listGroups(
  core: ServiceCore,
  context: RequestContext,
  { states }: ListGroupsRequest,
): Promise<ListGroupsReply> {
  core.authorize(context.principal, "describe", { kind: "cluster" });
  const groups = (await listAll(core.groups.context, context)).map(({ groupId, tip }) => {
    return { groupId, state: tip.phase, members: tip.memberCount };
  });
  return { groups: groups.filter(({ state }) => states === undefined || states.includes(state)) };
}

/** Each group on its own: one that fails does not touch its neighbours. */
async function each<Answer extends object>(
  core: ServiceCore,
  { groupIds }: GroupIdsRequest,
  work: (groupId: string) => Promise<Answer>,
): Promise<readonly GroupResult<Answer>[]> {
  if (groupIds.length > requestPartitionsMax) {
    throw new LogError("InvalidRequest", `a request names at most ${requestPartitionsMax} groups`);
  }
  const results: GroupResult<Answer>[] = [];
  for (const groupId of groupIds) {
    try {
      results.push({ groupId, ok: true, ...(await work(groupId)) });
    } catch (error) {
      results.push({ groupId, ok: false, error: asLogError(core, error) });
    }
  }
  return results;
}

export function describeGroups(core: ServiceCore, context: RequestContext, request: GroupIdsRequest) {
  return each(core, request, async (groupId): Promise<GroupDescription> => {
    enterGroup(core, context, groupId, "describe");
    const group = await core.groups.store.read(groupId, context);
    if (group === undefined || group.tip.deleting) throw unknownGroup();
    const { state, tip } = group;
    return {
      state: tip.phase,
      groupEpoch: state.epoch,
      assignor: state.assignor,
      members: [...state.members.values()].map((member) => describeMember(member, state)),
    };
  });
}

function describeMember(member: GroupMember, { topics }: GroupState): DescribedMember {
  const { memberId, instanceId, clientId, epoch, subscription } = member;
  return {
    memberId,
    ...(instanceId === undefined ? {} : { instanceId }),
    clientId,
    memberEpoch: epoch,
    topics: subscription.topics,
    ...(subscription.pattern === undefined ? {} : { pattern: subscription.pattern }),
    assignment: assignedTopics(member.assigned.keys(), topics),
    target: assignedTopics(member.target, topics),
  };
}

export function deleteGroups(core: ServiceCore, context: RequestContext, request: GroupIdsRequest) {
  return each(core, request, async (groupId): Promise<object> => {
    enterGroup(core, context, groupId, "delete");
    await deleteGroup(core.groups.context, core.groups.store, groupId, context);
    return {};
  });
}
