import type { Call } from "../../base/call.ts";
import { indexKey } from "../../storage/item-keys.ts";
import { decodeEntry, entryBatchBytes } from "../../storage/items/entry.ts";
import { decodeIndexItem, type IndexItem } from "../../storage/items/index-item.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";

const PAGE_ITEMS = 100;
/** Items looked at in one go: more than that waits for the next roll. */
const ITEMS_MAX = 2000;

export type EntriesItem = Extract<IndexItem, { kind: "entries" }>;

/** The index items below `tailBase` that still hold entries, oldest first. Rolls go from the oldest on. */
export async function unrolledItems(
  context: LogContext,
  ref: PartitionRef,
  tailBase: number,
  call: Call,
): Promise<readonly EntriesItem[]> {
  const found: EntriesItem[] = [];
  let to = tailBase - 1;
  while (to >= 0 && found.length < ITEMS_MAX) {
    const first = indexKey(ref.topicId, ref.partition, 0);
    const last = indexKey(ref.topicId, ref.partition, to);
    const query = { pk: first.pk, from: first.sk, to: last.sk, reverse: true, limit: PAGE_ITEMS };
    const page = await context.items.query(query, call);
    for (const { item } of page.items) {
      const decoded = decodeIndexItem(item);
      if (decoded.kind !== "entries") return found.reverse();
      found.push(decoded);
      to = decoded.base - 1;
    }
    if (!page.more) break;
  }
  return found.reverse();
}

/** Bytes of the batches that an item's entries name. */
export function itemBatchBytes(item: EntriesItem): number {
  return item.entries.reduce((sum, entry) => sum + entryBatchBytes(decodeEntry(entry.packed)), 0);
}
