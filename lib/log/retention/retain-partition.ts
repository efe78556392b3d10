import type { Call } from "../../base/call.ts";
import type { Head } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { entryTime, indexItemBytes, newestTimeOf } from "../index-item-facts.ts";
import { indexItemAt, indexItemsFrom } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { spill } from "../spill.ts";
import type { EffectiveConfigs } from "../topics/topic-configs.ts";
import { logBytes } from "./log-size.ts";
import { moveLogStart } from "./move-log-start.ts";
import { type Removed, removeBelow } from "./remove-below.ts";

export type RetentionRules = Pick<EffectiveConfigs, "cleanup" | "retentionMs" | "retentionBytes">;

export interface Retained extends Removed {
  readonly logStart: number;
}

/**
 * Applies a topic's retention to one partition: the log start moves past the oldest index items that are too old,
 * or too much, and they are removed. Also finishes what an earlier run or a deletion of records left undone. Any
 * number of brokers may do it at once: each moves the log start only from where it found it.
 */
export async function retainPartition(
  context: LogContext,
  ref: PartitionRef,
  rules: RetentionRules,
  call: Call,
): Promise<Retained> {
  const head = await readHead(context, ref, call);
  const left = await removeBelow(context, ref, head.logStart, call);
  const to = rules.cleanup.delete ? await keepFrom(context, ref, head, rules, call) : head.logStart;
  if (to <= head.logStart) return { ...left, logStart: head.logStart };
  const logStart = await moveLogStart(context, ref, { from: head.logStart, to }, call);
  const removed = await removeBelow(context, ref, logStart, call);
  return { logStart, items: left.items + removed.items, bytes: left.bytes + removed.bytes };
}

/** The first offset that the rules keep. */
async function keepFrom(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  { retentionMs, retentionBytes }: RetentionRules,
  call: Call,
): Promise<number> {
  const oldest = context.runtime.clock.nowMs() - retentionMs;
  const limited = retentionBytes !== Number.POSITIVE_INFINITY;
  let excess = limited ? (await logBytes(context, ref, head, call)) - retentionBytes : 0;
  const end = await indexedEnd(context, ref, head, oldest, call);
  let keep = head.logStart;
  for await (const item of itemsFrom(context, ref, { from: head.logStart, to: end }, call)) {
    const bytes = indexItemBytes(item);
    const fits = limited && bytes <= excess;
    if (!fits && !isExpired(item, oldest)) break;
    keep = item.end;
    excess -= bytes;
  }
  return Math.min(keep, head.next);
}

/** Where the index ends. A tail whose oldest entry is too old is spilled first: nothing may be coming that would. */
async function indexedEnd(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  oldest: number,
  call: Call,
): Promise<number> {
  const first = head.tail[0];
  if (first === undefined || entryTime(first) >= oldest) return head.tailBase;
  return (await spill(context, ref, call, head)).tailBase;
}

function isExpired(item: IndexItem, oldest: number): boolean {
  const newest = newestTimeOf(item);
  return newest === undefined || newest < oldest;
}

/** The items that answer for a range, one after another, as far as they tile it. */
async function* itemsFrom(
  context: LogContext,
  ref: PartitionRef,
  { from, to }: { readonly from: number; readonly to: number },
  call: Call,
): AsyncGenerator<IndexItem> {
  if (from >= to) return;
  const first = await indexItemAt(context, ref, from, call);
  if (first === undefined) return;
  yield first;
  let end = first.end;
  for await (const item of indexItemsFrom(context, ref, { from: end, to }, call)) {
    if (item.base !== end) return;
    yield item;
    end = item.end;
  }
}
