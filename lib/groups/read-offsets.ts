import type { Call } from "../base/call.ts";
import { AFTER_ANY, GROUP_OFFSET_PREFIX, groupPartitionKey, parseGroupOffsetKey } from "../storage/item-keys.ts";
import { getManyKeysMax } from "../storage/item-limits.ts";
import { type CommittedOffset, decodeGroupOffset } from "../storage/items/group-offset.ts";
import { type PartitionKey, partitionKeyOf } from "../storage/items/partition-sets.ts";
import { offsetKeyOf } from "./fence-offsets.ts";
import type { GroupContext } from "./group-context.ts";
import { inPortions } from "./in-portions.ts";

/** What the group has committed for these partitions, in their order; undefined where nothing. */
export function readOffsets(
  { items }: GroupContext,
  groupId: string,
  partitions: readonly PartitionKey[],
  call: Call,
): Promise<readonly (CommittedOffset | undefined)[]> {
  return inPortions(partitions, getManyKeysMax, async (portion) => {
    const keys = portion.map((partition) => offsetKeyOf(groupId, partition));
    const found = await items.getMany(keys, call);
    return found.map((item) => (item === undefined ? undefined : decodeGroupOffset(item).committed));
  });
}

/** Everything that the group has committed. */
export async function readAllOffsets(
  { items }: GroupContext,
  groupId: string,
  call: Call,
): Promise<ReadonlyMap<PartitionKey, CommittedOffset>> {
  const pk = groupPartitionKey(groupId);
  const to = `${GROUP_OFFSET_PREFIX}${AFTER_ANY}`;
  const offsets = new Map<PartitionKey, CommittedOffset>();
  for (let from = GROUP_OFFSET_PREFIX, more = true; more; ) {
    const page = await items.query({ pk, from, to }, call);
    for (const { key, item } of page.items) {
      const place = parseGroupOffsetKey(key.sk);
      const { committed } = decodeGroupOffset(item);
      if (place !== undefined && committed !== undefined) {
        offsets.set(partitionKeyOf(place.topicId, place.partition), committed);
      }
    }
    more = page.more;
    from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
  }
  return offsets;
}
