import { type Call, callWithin, remainingMs } from "../base/call.ts";
import { isLogError, messageOf } from "../base/errors.ts";
import { groupNeighboursMax, serviceCallMsDefault } from "../base/limits.ts";
import { AFTER_ANY, groupPartitionKey, MEMBER_MARK_PREFIX } from "../storage/item-keys.ts";
import { compareUtf8 } from "../storage/key-order.ts";
import { deleteGroup } from "./delete-group.ts";
import type { GroupParts } from "./group-parts.ts";
import { type ListedGroup, listGroups } from "./list-groups.ts";
import { expiredMembers } from "./sweep-members.ts";

export interface GroupsResult {
  readonly groups: number;
  /** Groups that could not be looked after; the next run tries again. */
  readonly failed: number;
  /** The last group that was looked at, to go on after it; undefined when all are done. */
  readonly next: string | undefined;
}

/** Less than this is left of a call: no further group is begun. */
const GROUP_MS = 2000;

/**
 * Looks after groups that nobody speaks for any more: members that died together, and offsets of groups that have
 * been empty for longer than offsets are kept. Groups with members keep their offsets whatever their age.
 */
export async function maintainGroups(parts: GroupParts, after: string | undefined, call: Call): Promise<GroupsResult> {
  const { clock } = parts.context.runtime;
  const within = (): Call => callWithin(clock, serviceCallMsDefault, call);
  const listed = await listGroups(parts.context, within());
  let groups = 0;
  let failed = 0;
  let last = after;
  for (const group of listed.filter(({ groupId }) => after === undefined || compareUtf8(groupId, after) > 0)) {
    const over = call.signal?.aborted || remainingMs(clock, call) < GROUP_MS;
    if (over) return { groups, failed, next: last ?? "" };
    if (!(await maintainGroup(parts, group, within()))) failed++;
    groups++;
    last = group.groupId;
  }
  return { groups, failed, next: undefined };
}

/** False when something stood in the way, which is no harm. */
async function maintainGroup(parts: GroupParts, group: ListedGroup, call: Call): Promise<boolean> {
  try {
    if (group.tip.memberCount > 0) await expireDead(parts, group, call);
    else await expireOffsets(parts, group, call);
    return true;
  } catch (error) {
    if (!isLogError(error)) throw error;
    const { groupId } = group;
    parts.context.runtime.logger.warn("a group could not be looked after", { groupId, error: messageOf(error) });
    return false;
  }
}

async function expireDead(parts: GroupParts, { groupId }: ListedGroup, call: Call): Promise<void> {
  const { context, store, runner } = parts;
  const pk = groupPartitionKey(groupId);
  const group = await store.read(groupId, call);
  if (group === undefined) return;
  for (let from = MEMBER_MARK_PREFIX, more = true; more; ) {
    const page = await context.items.query({ pk, from, to: `${MEMBER_MARK_PREFIX}${AFTER_ANY}` }, call);
    for (let left = page.items; left.length > 0; ) {
      const marks = left.slice(0, groupNeighboursMax);
      left = left.slice(marks.length);
      const members = await expiredMembers(context, groupId, { group, marks }, call);
      if (members.size > 0) await runner.run(groupId, { kind: "expire", members }, call);
    }
    more = page.more;
    from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
  }
}

async function expireOffsets({ context, store }: GroupParts, { groupId, tip }: ListedGroup, call: Call): Promise<void> {
  const emptyBeforeMs = context.runtime.clock.nowMs() - context.settings.offsetsRetentionMs;
  if (tip.emptySinceMs === undefined || tip.emptySinceMs >= emptyBeforeMs) return;
  await deleteGroup(context, store, groupId, call, { emptyBeforeMs });
}
