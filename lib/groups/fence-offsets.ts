import { type Call, callWithin } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { offsetsAtOnceMax, readAttemptsMax, storeUpdateMsMax } from "../base/limits.ts";
import { equal, itemAbsent, set } from "../storage/item-change.ts";
import { groupOffsetKey } from "../storage/item-keys.ts";
import type { Item, ItemKey, Path } from "../storage/item-value.ts";
import { decodeGroupOffset, encodeGroupOffset, GROUP_OFFSET } from "../storage/items/group-offset.ts";
import { type PartitionKey, parsePartitionKey } from "../storage/items/partition-sets.ts";
import type { GroupContext } from "./group-context.ts";
import { inPortions } from "./in-portions.ts";

/**
 * Makes a member the only one whose commits are taken for these partitions, each from the epoch at which it was
 * given to the member. False when somebody was given one of them later: the caller's view of the group is old.
 */
export async function fenceOffsets(
  context: GroupContext,
  groupId: string,
  { memberId, partitions }: { readonly memberId: string; readonly partitions: ReadonlyMap<PartitionKey, number> },
  call: Call,
): Promise<boolean> {
  const outcomes = await inPortions([...partitions], offsetsAtOnceMax, async (portion) => {
    const keys = portion.map(([partition]) => offsetKeyOf(groupId, partition));
    const items = await context.items.getMany(keys, call);
    return Promise.all(
      portion.map(([, fence], at) => fenceOne(context, keys[at] as ItemKey, items[at], { memberId, fence }, call)),
    );
  });
  return outcomes.every((fenced) => fenced);
}

export function offsetKeyOf(groupId: string, partition: PartitionKey): ItemKey {
  const { topicId, partition: number } = parsePartitionKey(partition);
  return groupOffsetKey(groupId, topicId, number);
}

async function fenceOne(
  { items, runtime }: GroupContext,
  key: ItemKey,
  item: Item | undefined,
  { memberId, fence }: { readonly memberId: string; readonly fence: number },
  call: Call,
): Promise<boolean> {
  let current = item;
  for (let attempt = 0; attempt < readAttemptsMax; attempt++) {
    const known = current === undefined ? undefined : decodeGroupOffset(current);
    if (known !== undefined && known.fence >= fence) return known.owner === memberId && known.fence === fence;
    try {
      const outcome = await items.update(
        key,
        fenceChanges(known === undefined, { memberId, fence }),
        known === undefined ? [itemAbsent] : [equal(GROUP_OFFSET.fence, known.fence)],
        callWithin(runtime.clock, storeUpdateMsMax, call),
      );
      if (outcome.ok) return true;
      current = outcome.current;
    } catch (error) {
      if (!isLogError(error) || !error.retriable) throw error;
      // Happened or not, the item tells; one that is still under way loses by its condition.
      current = await items.get(key, call);
    }
  }
  throw new LogError("CoordinatorNotAvailable", "too many others are changing the offset: try again");
}

function fenceChanges(create: boolean, { memberId, fence }: { readonly memberId: string; readonly fence: number }) {
  if (create) {
    const item = encodeGroupOffset({ owner: memberId, fence, sequence: 0, committed: undefined });
    return Object.entries(item).map(([name, value]) => set([name] as Path, value));
  }
  return [set(GROUP_OFFSET.owner, memberId), set(GROUP_OFFSET.fence, fence), set(GROUP_OFFSET.sequence, 0)];
}
