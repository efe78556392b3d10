import type { Call } from "../base/call.ts";
import { groupNeighboursMax } from "../base/limits.ts";
import { equal, set } from "../storage/item-change.ts";
import { AFTER_ANY, groupKey, groupPartitionKey, MEMBER_MARK_PREFIX, memberMarkKey } from "../storage/item-keys.ts";
import type { KeyedItem } from "../storage/item-value.ts";
import { decodeMemberMark, GROUP, MEMBER_MARK } from "../storage/items/group.ts";
import type { GroupContext } from "./group-context.ts";
import type { StoredGroup } from "./group-store.ts";

/**
 * The marks of the members that follow this one in the ring of all member ids. Everybody looks after the next few,
 * so the cost per member does not grow with the group; a run of dead ones shrinks from its near end.
 */
export async function neighbourMarks(
  { items }: GroupContext,
  groupId: string,
  memberId: string,
  call: Call,
): Promise<readonly KeyedItem[]> {
  const pk = groupPartitionKey(groupId);
  const own = memberMarkKey(groupId, memberId).sk;
  const limit = groupNeighboursMax;
  const to = `${MEMBER_MARK_PREFIX}${AFTER_ANY}`;
  const after = await items.query({ pk, from: `${own}\u0000`, to, limit }, call);
  if (after.items.length === limit) return after.items;
  const around = await items.query({ pk, from: MEMBER_MARK_PREFIX, to: own, limit: limit - after.items.length }, call);
  return [...after.items, ...around.items];
}

/**
 * Of these marks, the members whose session is over. A mark that outlived its member is deleted, unless the group has
 * changed since it was read: the member may just have joined, and without its mark nobody would ever miss it. A mark
 * that a clock far ahead has written is set to now: a dead member would otherwise keep its partitions until then.
 */
export async function expiredMembers(
  context: GroupContext,
  groupId: string,
  { group, marks }: { readonly group: StoredGroup; readonly marks: readonly KeyedItem[] },
  call: Call,
): Promise<ReadonlyMap<string, number>> {
  const { items, runtime, settings } = context;
  const nowMs = runtime.clock.nowMs();
  const oldestMs = nowMs - settings.sessionTimeoutMs;
  const expired = new Map<string, number>();
  for (const { key, item } of marks) {
    const markMs = decodeMemberMark(item);
    if (markMs > nowMs + settings.sessionTimeoutMs) {
      await items.update(key, [set(MEMBER_MARK.markMs, nowMs)], [equal(MEMBER_MARK.markMs, markMs)], call);
    }
    if (markMs >= oldestMs || expired.size >= groupNeighboursMax) continue;
    const memberId = key.sk.slice(MEMBER_MARK_PREFIX.length);
    if (group.state.members.has(memberId)) expired.set(memberId, markMs);
    else {
      await items.transact(
        [
          { kind: "delete", key, conditions: [equal(MEMBER_MARK.markMs, markMs)] },
          { kind: "check", key: groupKey(groupId), conditions: [equal(GROUP.tag, group.tip.tag)] },
        ],
        call,
      );
    }
  }
  return expired;
}
