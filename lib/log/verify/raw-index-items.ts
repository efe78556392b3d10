import { messageOf } from "../../base/errors.ts";
import { indexKey } from "../../storage/item-keys.ts";
import type { ItemKey, KeyedItem } from "../../storage/item-value.ts";
import { decodeIndexItem, type IndexItem } from "../../storage/items/index-item.ts";
import type { PartitionRef } from "../log-context.ts";
import type { VerifyRun } from "./verify-run.ts";

/** Index items may be large. */
const PAGE_ITEMS = 50;

/** An index item as it lies in the store: one that does not decode is told, and the walk goes on behind it. */
export interface RawIndexItem {
  readonly key: ItemKey;
  /** What the key says. */
  readonly base: number;
  /** What is wrong, in place of an item. */
  readonly item: IndexItem | string;
}

/** One page of items that start in [from, to). */
export async function rawIndexItems(
  run: VerifyRun,
  ref: PartitionRef,
  range: { readonly from: number; readonly to: number },
): Promise<{ readonly items: readonly RawIndexItem[]; readonly more: boolean }> {
  if (range.from >= range.to) return { items: [], more: false };
  const first = indexKey(ref.topicId, ref.partition, range.from);
  const last = indexKey(ref.topicId, ref.partition, range.to - 1);
  const query = { pk: first.pk, from: first.sk, to: last.sk, limit: PAGE_ITEMS };
  const page = await run.stores.items.query(query, run.newCall());
  return { items: page.items.map(rawItem), more: page.more };
}

/** The last item that starts at or below `offset`. */
export async function rawItemAt(run: VerifyRun, ref: PartitionRef, offset: number): Promise<RawIndexItem | undefined> {
  const first = indexKey(ref.topicId, ref.partition, 0);
  const last = indexKey(ref.topicId, ref.partition, offset);
  const query = { pk: first.pk, from: first.sk, to: last.sk, reverse: true, limit: 1 };
  const page = await run.stores.items.query(query, run.newCall());
  return page.items[0] === undefined ? undefined : rawItem(page.items[0]);
}

/** Whether the item in the store still is what was looked at: a merge or retention may have taken its place. */
export async function isUnchanged(run: VerifyRun, seen: RawIndexItem): Promise<boolean> {
  const item = await run.stores.items.get(seen.key, run.newCall());
  if (item === undefined) return false;
  const now = rawItem({ key: seen.key, item }).item;
  if (typeof now === "string" || typeof seen.item === "string") return now === seen.item;
  return now.tag === seen.item.tag;
}

function rawItem({ key, item }: KeyedItem): RawIndexItem {
  const base = Number(key.sk.slice(key.sk.indexOf("#") + 1));
  try {
    return { key, base, item: decodeIndexItem(item) };
  } catch (error) {
    return { key, base, item: messageOf(error) };
  }
}
