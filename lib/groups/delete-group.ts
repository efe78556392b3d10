import type { Call } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { groupAttemptsMax, readAttemptsMax } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import type { TransactPart } from "../storage/item-change.ts";
import { groupKey, groupNameKey, groupPartitionKey } from "../storage/item-keys.ts";
import { transactPartsMax } from "../storage/item-limits.ts";
import type { GroupTip } from "../storage/items/group.ts";
import { nonEmptyGroup, unknownGroup } from "./find-member.ts";
import type { GroupContext } from "./group-context.ts";
import { type GroupStore, isAt, planGroupWrite } from "./group-store.ts";
import { writeGroup } from "./write-group.ts";

export interface DeleteOptions {
  /** Only if it has been empty since before then, ms since the epoch. */
  readonly emptyBeforeMs?: number;
}

/**
 * Deletes a group that has no members, with its offsets. First it is marked, so that whoever comes in between
 * finishes the work before anything new begins under the same name.
 */
export async function deleteGroup(
  context: GroupContext,
  store: GroupStore,
  groupId: string,
  call: Call,
  options: DeleteOptions = {},
): Promise<void> {
  const { items, runtime } = context;
  let begun = false;
  for (let attempt = 0; attempt < groupAttemptsMax; attempt++) {
    const group = await store.read(groupId, call);
    if (group === undefined) {
      if (begun) return;
      throw unknownGroup();
    }
    const { tip, state } = group;
    if (tip.deleting) {
      await finishDeletion(context, groupId, tip, call);
      store.forget(groupId);
      return;
    }
    checkEmpty(groupId, tip, options);
    const tag = randomName(runtime.random, 12);
    const { parts } = planGroupWrite(groupId, tip, { state, tag, deleting: true });
    const outcome = await writeGroup({ items, clock: runtime.clock }, parts, call);
    begun ||= outcome.kind !== "refused";
  }
  throw new LogError("CoordinatorNotAvailable", "too many others are changing the group: try again");
}

function checkEmpty(groupId: string, tip: GroupTip, { emptyBeforeMs }: DeleteOptions): void {
  const longEnough = emptyBeforeMs === undefined || (tip.emptySinceMs ?? Number.POSITIVE_INFINITY) < emptyBeforeMs;
  if (tip.memberCount === 0 && longEnough) return;
  throw nonEmptyGroup(groupId, tip.memberCount);
}

/** Deletes what a marked group has left, its name and itself last. Any number of brokers may do it at once. */
export async function finishDeletion(context: GroupContext, groupId: string, tip: GroupTip, call: Call): Promise<void> {
  const { items } = context;
  const pk = groupPartitionKey(groupId);
  const own: TransactPart = { kind: "check", key: groupKey(groupId), conditions: isAt(tip) };
  for (let attempt = 0; attempt < readAttemptsMax * groupAttemptsMax; attempt++) {
    const page = await items.query({ pk, limit: transactPartsMax }, call);
    const rest = page.items.filter(({ key }) => key.sk !== own.key.sk).slice(0, transactPartsMax - 1);
    const parts: TransactPart[] =
      rest.length > 0
        ? [own, ...rest.map(({ key }): TransactPart => ({ kind: "delete", key, conditions: [] }))]
        : [
            { kind: "delete", key: own.key, conditions: isAt(tip) },
            { kind: "delete", key: groupNameKey(groupId), conditions: [] },
          ];
    try {
      const outcome = await items.transact(parts, call);
      // Refused: somebody else has finished, and perhaps the name is in use again.
      if (!outcome.ok || rest.length === 0) return;
    } catch (error) {
      if (!isLogError(error) || !error.retriable) throw error;
    }
  }
  throw new LogError("CoordinatorNotAvailable", "the group could not be deleted in time: try again");
}
