import type { GroupState } from "../storage/items/group-state.ts";
import { decideHeartbeat } from "./decide-heartbeat.ts";
import { decideJoin } from "./decide-join.ts";
import { decideLeave } from "./decide-leave.ts";
import { Draft } from "./draft.ts";
import { unknownGroup } from "./find-member.ts";
import { type GroupEvent, NEW_GROUP } from "./group-event.ts";
import { AWAY_EPOCH, type GroupReply, type GroupRequest, JOIN_EPOCH, LEAVE_EPOCH } from "./group-request.ts";
import type { GroupSettings } from "./group-settings.ts";
import { rebalance } from "./rebalance.ts";
import { NO_LOOK } from "./topics-view.ts";

export interface Decision {
  /** Undefined for a request that nobody waits for. */
  readonly reply: GroupReply | undefined;
  /** Empty when the group stays as it is. */
  readonly events: readonly GroupEvent[];
  /** The state after the events. */
  readonly state: GroupState;
}

/**
 * What a request does to a group; `applyEvent` over the events gives the state. Pure. Throws a `LogError` with
 * Kafka's code when the request is refused, and then nothing happens.
 */
export function decide(
  state: GroupState | undefined,
  request: GroupRequest,
  nowMs: number,
  settings: GroupSettings,
): Decision {
  if (state === undefined && (request.kind === "expire" || request.epoch !== JOIN_EPOCH)) throw unknownGroup();
  const draft = new Draft(state ?? NEW_GROUP, nowMs);
  removeOverdue(draft);
  const reply = decideRequest(draft, request, settings);
  return { reply, events: draft.events, state: draft.state };
}

function decideRequest(draft: Draft, request: GroupRequest, settings: GroupSettings): GroupReply | undefined {
  if (request.kind === "expire") {
    const gone = [...request.members.keys()].filter((memberId) => draft.state.members.has(memberId));
    for (const memberId of gone) draft.note({ kind: "removed", memberId, reason: "session expired" });
    if (gone.length > 0) rebalance(draft, NO_LOOK);
    return undefined;
  }
  switch (request.epoch) {
    case JOIN_EPOCH:
      return decideJoin(draft, request, settings);
    case LEAVE_EPOCH:
    case AWAY_EPOCH:
      return decideLeave(draft, request);
    default:
      return decideHeartbeat(draft, request);
  }
}

/** Members that were to let go of something by now and have not said so. */
export function overdueMembers(state: GroupState, nowMs: number): readonly string[] {
  const overdue: string[] = [];
  for (const { memberId, revokeByMs } of state.members.values()) {
    if (revokeByMs !== undefined && revokeByMs < nowMs) overdue.push(memberId);
  }
  return overdue;
}

/** Whoever keeps others waiting beyond its own rebalance timeout is fenced. */
function removeOverdue(draft: Draft): void {
  const overdue = overdueMembers(draft.state, draft.nowMs);
  for (const memberId of overdue) draft.note({ kind: "removed", memberId, reason: "kept what it was to let go" });
  if (overdue.length > 0) rebalance(draft, NO_LOOK);
}
