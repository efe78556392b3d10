import type { Call } from "../../base/call.ts";
import { indexRemovalsMax } from "../../base/limits.ts";
import { AFTER_ANY, headKey, IDLE_PRODUCER_PREFIX, INDEX_PREFIX } from "../../storage/item-keys.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";

/**
 * Removes all index items and idle producers of a deleted topic's partition. No condition is needed: without head and
 * control nothing puts one there any more, nor reads one.
 */
export async function removePartitionItems(context: LogContext, ref: PartitionRef, call: Call): Promise<void> {
  for (const prefix of [INDEX_PREFIX, IDLE_PRODUCER_PREFIX]) await removeItems(context, ref, prefix, call);
}

async function removeItems(context: LogContext, ref: PartitionRef, prefix: string, call: Call): Promise<void> {
  const { pk } = headKey(ref.topicId, ref.partition);
  const query = { pk, from: prefix, to: `${prefix}${AFTER_ANY}`, limit: indexRemovalsMax };
  for (let more = true; more; ) {
    const page = await context.items.query(query, call);
    if (page.items.length === 0) return;
    await context.items.transact(
      page.items.map(({ key }) => ({ kind: "delete", key, conditions: [] })),
      call,
    );
    more = page.more;
  }
}
