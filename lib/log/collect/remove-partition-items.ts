import type { Call } from "../../base/call.ts";
import { indexRemovalsMax } from "../../base/limits.ts";
import { indexKey } from "../../storage/item-keys.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";

/**
 * Removes all index items of a deleted topic's partition. No condition is needed: without head and control nothing
 * puts one there any more, nor reads one.
 */
export async function removePartitionItems(context: LogContext, ref: PartitionRef, call: Call): Promise<void> {
  const first = indexKey(ref.topicId, ref.partition, 0);
  const last = indexKey(ref.topicId, ref.partition, Number.MAX_SAFE_INTEGER);
  for (let more = true; more; ) {
    const page = await context.items.query(
      { pk: first.pk, from: first.sk, to: last.sk, limit: indexRemovalsMax },
      call,
    );
    if (page.items.length === 0) return;
    await context.items.transact(
      page.items.map(({ key }) => ({ kind: "delete", key, conditions: [] })),
      call,
    );
    more = page.more;
  }
}
