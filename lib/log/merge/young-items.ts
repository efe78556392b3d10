import type { Call } from "../../base/call.ts";
import { mergeFinishedMax, mergeLookBackMax } from "../../base/limits.ts";
import { indexKey } from "../../storage/item-keys.ts";
import { decodeIndexItem } from "../../storage/items/index-item.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { isFinished, type MergeChoice, type SettledItem } from "./choose-merge-inputs.ts";

const PAGE_ITEMS = 100;

/**
 * The newest segments and voids of [from, to), in order, back to where all have their size: logs grow at their end,
 * and what compaction leaves small farther back it joins itself.
 */
export async function youngItems(
  context: LogContext,
  ref: PartitionRef,
  range: { readonly from: number; readonly to: number },
  choice: MergeChoice,
  call: Call,
): Promise<readonly SettledItem[]> {
  const items: SettledItem[] = [];
  let finished = 0;
  for await (const item of newestFirst(context, ref, range, call)) {
    items.push(item);
    finished = isFinished(item, choice) ? finished + 1 : 0;
    if (finished >= mergeFinishedMax || items.length >= mergeLookBackMax) break;
  }
  return items.reverse();
}

async function* newestFirst(
  context: LogContext,
  ref: PartitionRef,
  range: { readonly from: number; readonly to: number },
  call: Call,
): AsyncGenerator<SettledItem> {
  const first = indexKey(ref.topicId, ref.partition, range.from);
  let { to } = range;
  while (to > range.from) {
    const last = indexKey(ref.topicId, ref.partition, to - 1);
    const query = { pk: first.pk, from: first.sk, to: last.sk, reverse: true, limit: PAGE_ITEMS };
    const page = await context.items.query(query, call);
    for (const { item } of page.items) {
      const decoded = decodeIndexItem(item);
      to = decoded.base;
      if (decoded.kind !== "entries") yield decoded;
    }
    if (!page.more) return;
  }
}
