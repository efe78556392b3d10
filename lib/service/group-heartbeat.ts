import { type GroupHeartbeatReply, type GroupHeartbeatRequest, MEMBER_AWAY, MEMBER_JOINS } from "../api/group-types.ts";
import type { RequestContext } from "../api/log-service.ts";
import { LogError } from "../base/errors.ts";
import { requestPartitionsMax } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import { heartbeat } from "../groups/heartbeat.ts";
import { compilePattern } from "../groups/topic-pattern.ts";
import { checkTopicName } from "../log/topics/topic-name.ts";
import type { Subscription } from "../storage/items/group-state.ts";
import { assignedTopics, checkMemberName, enterGroup, partitionKeysOf } from "./group-names.ts";
import type { ServiceCore } from "./service-core.ts";

const MEMBER_ID_LENGTH = 22;

export async function groupHeartbeat(
  core: ServiceCore,
  context: RequestContext,
  request: GroupHeartbeatRequest,
): Promise<GroupHeartbeatReply> {
  enterGroup(core, context, request.groupId, "read");
  const { settings } = core.groups.context;
  const checked = {
    kind: "heartbeat",
    memberId: memberIdOf(core, request),
    instanceId: request.instanceId,
    clientId: context.clientId,
    epoch: wholeNumber("member epoch", request.memberEpoch, MEMBER_AWAY),
    sequence: wholeNumber("sequence", request.sequence ?? 0, 0),
    subscription: subscriptionOf(core, context, request),
    assignor: request.assignor,
    rebalanceTimeoutMs: rebalanceTimeoutOf(request),
    owned: request.owned === undefined ? undefined : partitionKeysOf(request.owned),
    view: undefined,
  } as const;
  if (request.instanceId !== undefined) checkMemberName("instance id", request.instanceId);
  const reply = await heartbeat(core.groups, request.groupId, checked, context);
  const { memberId, epoch: memberEpoch, assignment, topics } = reply;
  return {
    memberId,
    memberEpoch,
    heartbeatIntervalMs: settings.heartbeatIntervalMs,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    ...(assignment === undefined ? {} : { assignment: assignedTopics(assignment.keys(), topics) }),
  };
}

function memberIdOf(core: ServiceCore, { memberId, memberEpoch }: GroupHeartbeatRequest): string {
  if (memberId === "" && memberEpoch === MEMBER_JOINS) {
    return randomName(core.engine.context.runtime.random, MEMBER_ID_LENGTH);
  }
  checkMemberName("member id", memberId);
  return memberId;
}

/** Undefined when the request leaves it as it is. */
function subscriptionOf(
  core: ServiceCore,
  context: RequestContext,
  { topics, pattern }: GroupHeartbeatRequest,
): Subscription | undefined {
  if (topics === undefined && pattern === undefined) return undefined;
  if ((topics?.length ?? 0) > requestPartitionsMax) {
    throw new LogError("InvalidRequest", `a member subscribes to at most ${requestPartitionsMax} topics by name`);
  }
  for (const name of topics ?? []) {
    checkTopicName(name);
    core.authorize(context.principal, "read", { kind: "topic", name });
  }
  if (pattern !== undefined) compilePattern(pattern);
  return { topics: [...new Set(topics)].sort(), pattern };
}

function rebalanceTimeoutOf({ rebalanceTimeoutMs }: GroupHeartbeatRequest): number | undefined {
  return rebalanceTimeoutMs === undefined ? undefined : wholeNumber("rebalance timeout", rebalanceTimeoutMs, 1);
}

function wholeNumber(what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new LogError("InvalidRequest", `the ${what} must be a whole number from ${least}, not ${value}`);
}
