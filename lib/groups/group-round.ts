import { isLogError } from "../base/errors.ts";
import { equal, type TransactPart } from "../storage/item-change.ts";
import { memberMarkKey } from "../storage/item-keys.ts";
import { encodeMemberMark } from "../storage/items/group.ts";
import type { GroupState } from "../storage/items/group-state.ts";
import { decide } from "./decide.ts";
import { goneReply } from "./decide-leave.ts";
import type { GroupEvent } from "./group-event.ts";
import { type GroupReply, type GroupRequest, LEAVE_EPOCH } from "./group-request.ts";
import type { GroupSettings } from "./group-settings.ts";

/** What one request of a round is told once the round is written. */
export type Answer =
  | { readonly ok: true; readonly reply: GroupReply | undefined }
  | { readonly ok: false; readonly error: unknown };

export interface Round {
  readonly answers: readonly Answer[];
  /** The state after all of them. */
  readonly state: GroupState | undefined;
  readonly events: readonly GroupEvent[];
}

export interface RoundOptions {
  readonly nowMs: number;
  readonly settings: GroupSettings;
  /** An earlier write of the same requests may have happened. */
  readonly doubtful: boolean;
}

/** Decides requests one after another, each on what the one before left. Pure. */
export function decideRound(
  before: GroupState | undefined,
  requests: readonly GroupRequest[],
  options: RoundOptions,
): Round {
  const answers: Answer[] = [];
  const events: GroupEvent[] = [];
  let state = before;
  for (const request of requests) {
    try {
      const decision = decide(state, request, options.nowMs, options.settings);
      if (decision.events.length > 0) state = decision.state;
      events.push(...decision.events);
      answers.push({ ok: true, reply: decision.reply });
    } catch (error) {
      answers.push(options.doubtful && hasLeft(request, error) ? leftAlready(request) : { ok: false, error });
    }
  }
  return { answers, state, events };
}

/** A member that asked to leave and is gone has left by the write whose answer was lost. */
function hasLeft(request: GroupRequest, error: unknown): boolean {
  return isLogError(error, "UnknownMemberId") && request.kind === "heartbeat" && request.epoch === LEAVE_EPOCH;
}

function leftAlready(request: GroupRequest): Answer {
  const memberId = request.kind === "heartbeat" ? request.memberId : "";
  return { ok: true, reply: goneReply(memberId, LEAVE_EPOCH) };
}

/** Marks that one write may touch; those of more members stay behind and are swept later. */
const MARKS_MAX = 90;

/**
 * The marks that go with a round's events: who joins gets one, who is removed loses it. A member taken for dead
 * is removed only if its mark still is the one that said so.
 */
export function markParts(
  groupId: string,
  events: readonly GroupEvent[],
  requests: readonly GroupRequest[],
  nowMs: number,
): readonly TransactPart[] {
  const parts = new Map<string, TransactPart>();
  for (const event of events) {
    if (event.kind === "joined" || event.kind === "wentAway") {
      const memberId = event.kind === "joined" ? event.member.memberId : event.memberId;
      const key = memberMarkKey(groupId, memberId);
      parts.set(memberId, { kind: "put", key, item: encodeMemberMark(nowMs), conditions: [] });
    } else if (event.kind === "removed") {
      const { memberId, reason } = event;
      const seen = reason === "session expired" ? seenMark(requests, memberId) : undefined;
      const conditions = seen === undefined ? [] : [equal(["markMs"], seen)];
      parts.set(memberId, { kind: "delete", key: memberMarkKey(groupId, memberId), conditions });
    }
  }
  // A member without a mark would never be missed, and one removed by its mark must still bear it.
  const isNeeded = (part: TransactPart): boolean => part.kind === "put" || part.conditions.length > 0;
  const all = [...parts.values()];
  return [...all.filter(isNeeded), ...all.filter((part) => !isNeeded(part))].slice(0, MARKS_MAX);
}

function seenMark(requests: readonly GroupRequest[], memberId: string): number | undefined {
  for (const request of requests) {
    const mark = request.kind === "expire" ? request.members.get(memberId) : undefined;
    if (mark !== undefined) return mark;
  }
  return undefined;
}
