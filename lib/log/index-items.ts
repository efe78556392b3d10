import type { Call } from "../base/call.ts";
import { indexKey } from "../storage/item-keys.ts";
import { decodeIndexItem, type IndexItem } from "../storage/items/index-item.ts";
import type { LogContext, PartitionRef } from "./log-context.ts";

const PAGE_ITEMS = 100;

/** An index item that is not rolled yet. */
export type EntriesItem = Extract<IndexItem, { kind: "entries" }>;

/** The index item that answers for `offset`: the last one that starts at or below it. */
export async function indexItemAt(
  context: LogContext,
  ref: PartitionRef,
  offset: number,
  call: Call,
): Promise<IndexItem | undefined> {
  const to = indexKey(ref.topicId, ref.partition, offset);
  const from = indexKey(ref.topicId, ref.partition, 0);
  const page = await context.items.query({ pk: to.pk, from: from.sk, to: to.sk, reverse: true, limit: 1 }, call);
  const found = page.items[0];
  if (found === undefined) return undefined;
  const item = decodeIndexItem(found.item);
  return item.end > offset ? item : undefined;
}

/** Index items that start at or above `from` and below `to`, in order, a page at a time. */
export async function* indexItemsFrom(
  context: LogContext,
  ref: PartitionRef,
  range: { readonly from: number; readonly to: number },
  call: Call,
): AsyncGenerator<IndexItem> {
  let from = range.from;
  while (from < range.to) {
    const first = indexKey(ref.topicId, ref.partition, from);
    const last = indexKey(ref.topicId, ref.partition, range.to - 1);
    const page = await context.items.query({ pk: first.pk, from: first.sk, to: last.sk, limit: PAGE_ITEMS }, call);
    for (const { item } of page.items) {
      const decoded = decodeIndexItem(item);
      yield decoded;
      from = decoded.base + 1;
    }
    if (!page.more) return;
  }
}

/**
 * The items that answer for [from, to), or undefined when those found do not tile it: something is being
 * replaced this moment, or has been removed.
 */
export async function tilingItems(
  context: LogContext,
  ref: PartitionRef,
  range: { readonly from: number; readonly to: number },
  call: Call,
): Promise<readonly IndexItem[] | undefined> {
  const first = await indexItemAt(context, ref, range.from, call);
  if (first === undefined) return undefined;
  const items = [first];
  let end = first.end;
  for await (const item of indexItemsFrom(context, ref, { from: end, to: range.to }, call)) {
    if (item.base !== end) return undefined;
    items.push(item);
    end = item.end;
  }
  return end >= range.to ? items : undefined;
}
