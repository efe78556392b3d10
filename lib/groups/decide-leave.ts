import { LogError } from "../base/errors.ts";
import type { Draft } from "./draft.ts";
import { findMember } from "./find-member.ts";
import { AWAY_EPOCH, type GroupReply, type HeartbeatRequest } from "./group-request.ts";
import { rebalance } from "./rebalance.ts";
import { NO_LOOK } from "./topics-view.ts";

/** What a member is told that has left. */
export function goneReply(memberId: string, epoch: number): GroupReply {
  return { memberId, epoch, assignment: undefined, topics: new Map(), unconfirmed: new Map() };
}

/** A member leaves: its partitions are free at once, or wait for it when it is static and comes back. */
export function decideLeave(draft: Draft, request: HeartbeatRequest): GroupReply {
  const member = findMember(draft.state, request);
  const { memberId } = member;
  if (request.sequence < member.sequence) {
    throw new LogError("FencedMemberEpoch", "the member has joined again since it asked to leave", {
      details: { memberId },
    });
  }
  if (request.epoch === AWAY_EPOCH) {
    if (member.instanceId === undefined) {
      throw new LogError("InvalidRequest", "only a member with an instance id may leave for a moment (epoch -2)");
    }
    if (!member.away) draft.note({ kind: "wentAway", memberId, sequence: request.sequence });
  } else {
    draft.note({ kind: "removed", memberId, reason: "left" });
    rebalance(draft, NO_LOOK);
  }
  return goneReply(memberId, request.epoch);
}
