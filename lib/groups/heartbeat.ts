import { type Call, callWithin } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { readAttemptsMax, storeUpdateMsMax } from "../base/limits.ts";
import { equal, set } from "../storage/item-change.ts";
import { groupKey, memberMarkKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-value.ts";
import { decodeMemberMark, MEMBER_MARK } from "../storage/items/group.ts";
import type { GroupState } from "../storage/items/group-state.ts";
import { decide } from "./decide.ts";
import { sameSubscription } from "./decide-heartbeat.ts";
import { fenceOffsets } from "./fence-offsets.ts";
import { unknownGroup } from "./find-member.ts";
import type { GroupParts } from "./group-parts.ts";
import { type GroupReply, type HeartbeatRequest, JOIN_EPOCH } from "./group-request.ts";
import { markAgeMsMax } from "./group-settings.ts";
import type { StoredGroup } from "./group-store.ts";
import { lookAtTopics } from "./look-at-topics.ts";
import { expiredMembers, neighbourMarks } from "./sweep-members.ts";

/**
 * Answers a heartbeat: a join, a leave, or a sign of life. One read answers a member for which nothing changes; a
 * few times per session it also renews its mark, looks at the topics, and looks after its neighbours.
 */
export async function heartbeat(
  parts: GroupParts,
  groupId: string,
  request: HeartbeatRequest,
  call: Call,
): Promise<GroupReply> {
  for (let attempt = 0; attempt < readAttemptsMax; attempt++) {
    const reply = await answer(parts, groupId, request, call);
    const { memberId, unconfirmed } = reply;
    if (reply.assignment === undefined || unconfirmed.size === 0) return reply;
    // The fences first: once the member is told, nobody else's commit may be taken.
    if (await fenceOffsets(parts.context, groupId, { memberId, partitions: unconfirmed }, call)) return reply;
  }
  throw new LogError("CoordinatorNotAvailable", "the group changes faster than it can be read: try again");
}

async function answer(parts: GroupParts, groupId: string, request: HeartbeatRequest, call: Call): Promise<GroupReply> {
  if (request.epoch === JOIN_EPOCH) {
    const known = await parts.store.read(groupId, call);
    return change(parts, groupId, await looking(parts, known?.state, request, call), call);
  }
  if (request.epoch < JOIN_EPOCH) return change(parts, groupId, request, call);
  const keys = [groupKey(groupId), memberMarkKey(groupId, request.memberId)];
  const [item, mark] = await parts.context.items.getMany(keys, call);
  const group = await parts.store.open(groupId, item, call);
  if (group === undefined || group.tip.deleting) throw unknownGroup();
  return signOfLife(parts, groupId, { group, mark, request }, call);
}

async function signOfLife(
  parts: GroupParts,
  groupId: string,
  seen: { readonly group: StoredGroup; readonly mark: Item | undefined; readonly request: HeartbeatRequest },
  call: Call,
): Promise<GroupReply> {
  const { context } = parts;
  const { state } = seen.group;
  const nowMs = context.runtime.clock.nowMs();
  // Refuses whoever is no member, before anything is written or looked up for it.
  const plain = decide(state, seen.request, nowMs, context.settings);
  const markMs = dueMark(parts, seen.mark, nowMs);
  const due = markMs !== undefined;
  let request = seen.request;
  if (due || asksForMore(state, request)) request = await looking(parts, state, request, call);
  if (due) {
    const [expired] = await Promise.all([
      expiredNeighbours(parts, groupId, seen.group, request.memberId, call),
      renewMark(parts, groupId, { memberId: request.memberId, markMs }, call),
    ]);
    if (expired.size > 0) await parts.runner.run(groupId, { kind: "expire", members: expired }, call);
    if (expired.size > 0) return change(parts, groupId, request, call);
  }
  const decision = request === seen.request ? plain : decide(state, request, nowMs, context.settings);
  if (decision.events.length === 0 && decision.reply !== undefined) return decision.reply;
  return change(parts, groupId, request, call);
}

/** What the member's mark says, when it is time to write it anew. */
function dueMark({ context }: GroupParts, mark: Item | undefined, nowMs: number): number | undefined {
  if (mark === undefined) return undefined;
  const markMs = decodeMemberMark(mark);
  // A mark from the future is another broker's clock: it must not keep a dead member alive for long.
  return Math.abs(nowMs - markMs) >= markAgeMsMax(context.settings) ? markMs : undefined;
}

function asksForMore(state: GroupState, { memberId, subscription }: HeartbeatRequest): boolean {
  const member = state.members.get(memberId);
  return member !== undefined && subscription !== undefined && !sameSubscription(subscription, member.subscription);
}

async function looking(
  { context }: GroupParts,
  state: GroupState | undefined,
  request: HeartbeatRequest,
  call: Call,
): Promise<HeartbeatRequest> {
  return { ...request, view: await lookAtTopics(context, state, request.subscription, call) };
}

async function change(
  { runner }: GroupParts,
  groupId: string,
  request: HeartbeatRequest,
  call: Call,
): Promise<GroupReply> {
  const reply = await runner.run(groupId, request, call);
  if (reply === undefined) throw unknownGroup();
  return reply;
}

/**
 * Only in the place of the mark that was seen: one that is gone is not made again, since its member has been removed,
 * and a renewal that arrives late must not take a newer sign of life back.
 */
async function renewMark(
  { context }: GroupParts,
  groupId: string,
  { memberId, markMs }: { readonly memberId: string; readonly markMs: number },
  call: Call,
): Promise<void> {
  const { items, runtime } = context;
  const key = memberMarkKey(groupId, memberId);
  const within = callWithin(runtime.clock, storeUpdateMsMax, call);
  try {
    await items.update(
      key,
      [set(MEMBER_MARK.markMs, runtime.clock.nowMs())],
      [equal(MEMBER_MARK.markMs, markMs)],
      within,
    );
  } catch (error) {
    // The next heartbeat comes long before the session ends.
    if (!isLogError(error) || !error.retriable) throw error;
  }
}

async function expiredNeighbours(
  { context }: GroupParts,
  groupId: string,
  group: StoredGroup,
  memberId: string,
  call: Call,
): Promise<ReadonlyMap<string, number>> {
  const marks = await neighbourMarks(context, groupId, memberId, call);
  const others = marks.filter(({ key }) => key.sk !== memberMarkKey(groupId, memberId).sk);
  return expiredMembers(context, groupId, { group, marks: others }, call);
}
