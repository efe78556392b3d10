import type { Call } from "../../base/call.ts";
import { rollInputsMax } from "../../base/limits.ts";
import { indexKey } from "../../storage/item-keys.ts";
import { decodeIndexItem } from "../../storage/items/index-item.ts";
import { type EntriesItem, indexItemAt, indexItemsFrom } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readPassedOver } from "./passed-over.ts";

/** Mostly the newest item tells already that all is rolled; larger pages would pay for segments' items in vain. */
const LOOK_ITEMS = 3;
const PAGE_ITEMS = 100;
/** More than one roll takes, so that it can tell that more are waiting. */
const ITEMS_MAX = rollInputsMax + 1;

/**
 * The oldest index items below `tailBase` that still hold entries, in order. Rolls go from the oldest on, so that
 * segments lie below and entries above: what is rolled out of turn would hide everything older from the next look.
 * Only what is damaged is left behind; the control names it.
 */
export async function unrolledItems(
  context: LogContext,
  ref: PartitionRef,
  tailBase: number,
  call: Call,
): Promise<readonly EntriesItem[]> {
  const newest = await newestUnrolled(context, ref, tailBase, call);
  if (newest.complete) return newest.items;
  const passedOver = await readPassedOver(context, ref, call);
  const rolled = { below: newest.items[0]?.base ?? 0, passedOver: new Set(passedOver) };
  const from = await rolledEnd(context, ref, rolled, call);
  const items: EntriesItem[] = [];
  for await (const item of indexItemsFrom(context, ref, { from, to: tailBase }, call)) {
    if (item.kind !== "entries") break;
    items.push(item);
    if (items.length === ITEMS_MAX) break;
  }
  return items;
}

/** The last pages of items, as far down as they hold entries; complete when nothing older does. */
async function newestUnrolled(
  context: LogContext,
  ref: PartitionRef,
  tailBase: number,
  call: Call,
): Promise<{ readonly items: readonly EntriesItem[]; readonly complete: boolean }> {
  const { pk, sk: from } = indexKey(ref.topicId, ref.partition, 0);
  const items: EntriesItem[] = [];
  let below = tailBase;
  for (const limit of [LOOK_ITEMS, PAGE_ITEMS - LOOK_ITEMS]) {
    if (below === 0) break;
    const { sk: to } = indexKey(ref.topicId, ref.partition, below - 1);
    const page = await context.items.query({ pk, from, to, reverse: true, limit }, call);
    for (const { item } of page.items) {
      const decoded = decodeIndexItem(item);
      if (decoded.kind !== "entries") return { items: items.reverse(), complete: true };
      items.push(decoded);
      below = decoded.base;
    }
    if (!page.more) return { items: items.reverse(), complete: true };
  }
  return { items: items.reverse(), complete: below === 0 };
}

/**
 * Where the first item that holds entries begins, at or below one that is known to: by halving. What rolls have gone
 * past counts as rolled.
 */
async function rolledEnd(
  context: LogContext,
  ref: PartitionRef,
  { below, passedOver }: { readonly below: number; readonly passedOver: ReadonlySet<number> },
  call: Call,
): Promise<number> {
  let low = 0;
  let high = below;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const item = await indexItemAt(context, ref, middle, call);
    if (item?.kind === "entries" && !passedOver.has(item.base)) high = item.base;
    else low = item?.end ?? middle + 1;
  }
  return low;
}
