import { LogError } from "../base/errors.ts";
import type { GroupMember, GroupState, Subscription } from "../storage/items/group-state.ts";
import { checkAssignor } from "./assignors/choose-assignor.ts";
import { replyTo } from "./decide-heartbeat.ts";
import type { Draft } from "./draft.ts";
import { instanceHolder } from "./find-member.ts";
import type { GroupReply, HeartbeatRequest } from "./group-request.ts";
import type { GroupSettings } from "./group-settings.ts";
import { rebalance } from "./rebalance.ts";
import { NO_LOOK } from "./topics-view.ts";

/**
 * A member joins, for the first time or again. It has nothing: what it had under an earlier epoch is free, and
 * whoever still speaks under that epoch is fenced.
 */
export function decideJoin(draft: Draft, request: HeartbeatRequest, settings: GroupSettings): GroupReply {
  const { memberId, instanceId, subscription } = request;
  if (subscription === undefined) throw new LogError("InvalidRequest", "a member that joins names topics or a pattern");
  if (request.owned !== undefined && request.owned.size > 0) {
    throw new LogError("InvalidRequest", "a member that joins owns no partitions yet");
  }
  if (request.assignor !== undefined) checkAssignor(request.assignor);
  const known = draft.state.members.get(memberId);
  if (known !== undefined && request.sequence > 0 && request.sequence <= known.sequence)
    return answerAgain(draft, request, known);
  const holder = instanceId === undefined ? undefined : instanceHolder(draft.state, instanceId);
  if (holder !== undefined && holder.memberId !== memberId) replaceStatic(draft, holder);
  const before = known ?? holder;
  if (before === undefined) checkRoom(draft.state, settings);
  draft.note({ kind: "joined", member: newMember(draft.state, request, subscription, before, settings) });
  rebalance(draft, request.view ?? NO_LOOK);
  return replyTo(draft, request);
}

/** The same request again has its effect already; an older one that comes late must not undo what came after. */
function answerAgain(draft: Draft, request: HeartbeatRequest, known: GroupMember): GroupReply {
  if (request.sequence === known.sequence) return replyTo(draft, request);
  throw new LogError("FencedMemberEpoch", "the member has asked for something newer since it asked to join", {
    details: { memberId: known.memberId },
  });
}

function newMember(
  state: GroupState,
  request: HeartbeatRequest,
  subscription: Subscription,
  before: GroupMember | undefined,
  settings: GroupSettings,
): GroupMember {
  const { memberId, instanceId, clientId, assignor, sequence } = request;
  const epoch = state.epoch + 1;
  return {
    memberId,
    instanceId,
    clientId,
    subscription,
    assignor,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? settings.rebalanceTimeoutMs,
    sequence,
    joinedEpoch: epoch,
    epoch,
    assigned: new Map(),
    revoking: new Map(),
    // What it was to have before, so that it gets the same again.
    target: before?.target ?? new Set(),
    revokeByMs: undefined,
    away: false,
  };
}

/** Two processes with one instance id are a mistake, unless the first has said that it goes for a moment. */
function replaceStatic(draft: Draft, holder: GroupMember): void {
  if (!holder.away) {
    throw new LogError(
      "UnreleasedInstanceId",
      `instance ${holder.instanceId} is still used by another member: it must leave first, or its session end`,
      { details: { instanceId: holder.instanceId, memberId: holder.memberId } },
    );
  }
  draft.note({ kind: "removed", memberId: holder.memberId, reason: "replaced" });
}

function checkRoom(state: GroupState, { membersMax }: GroupSettings): void {
  if (state.members.size < membersMax) return;
  throw new LogError("GroupMaxSizeReached", `the group has ${membersMax} members, no more are taken`, {
    details: { membersMax },
  });
}
