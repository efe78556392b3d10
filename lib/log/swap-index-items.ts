import { type Call, callWithin } from "../base/call.ts";
import { isLogError } from "../base/errors.ts";
import type { Stamp } from "../base/ids.ts";
import { storeUpdateMsMax } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import { add, equal, less, type TransactPart } from "../storage/item-change.ts";
import { controlKey, indexKey } from "../storage/item-keys.ts";
import { CONTROL } from "../storage/items/control.ts";
import { encodeIndexItem, INDEX, type IndexItem, type SegmentReference } from "../storage/items/index-item.ts";
import { indexItemBytes } from "./index-item-facts.ts";
import { type LogContext, type PartitionRef, partitionName } from "./log-context.ts";

/** Neighbouring items that one is to take the place of. */
export interface Swap {
  /** In order, as they were read, without gaps; at most 98. */
  readonly inputs: readonly IndexItem[];
  readonly content: { readonly kind: "segment"; readonly segment: SegmentReference } | { readonly kind: "void" };
  /** Of the new segment's name; for a void, of the attempt. */
  readonly stamp: Stamp;
}

/**
 * One transaction that replaces index items by one for the same range: each input must still be what was read, and
 * the stamp must be above the control's horizon, so that nothing is referred to that a collector has given up.
 * False when somebody else was faster, or the outcome is not known: the next look at the index tells.
 */
export async function swapIndexItems(
  context: LogContext,
  ref: PartitionRef,
  { inputs, content, stamp }: Swap,
  call: Call,
): Promise<boolean> {
  const [first, ...others] = inputs;
  if (first === undefined) return false;
  const end = (others.at(-1) ?? first).end;
  const tag = randomName(context.runtime.random, 12);
  const parts: TransactPart[] = [
    controlPart(ref, stamp, removedBytes(inputs, content)),
    {
      kind: "put",
      key: indexKey(ref.topicId, ref.partition, first.base),
      item: encodeIndexItem({ base: first.base, end, tag, ...content }),
      conditions: [equal(INDEX.tag, first.tag)],
    },
  ];
  for (const item of others) {
    const key = indexKey(ref.topicId, ref.partition, item.base);
    parts.push({ kind: "delete", key, conditions: [equal(INDEX.tag, item.tag)] });
  }
  try {
    const outcome = await context.items.transact(parts, callWithin(context.runtime.clock, storeUpdateMsMax, call));
    return outcome.ok;
  } catch (error) {
    if (isLogError(error) && error.retriable) return false;
    throw error;
  } finally {
    context.indexCache.forget(partitionName(ref));
  }
}

/** What a compaction leaves out is accounted for in the same moment; a roll or merge only looks at the horizon. */
function controlPart(ref: PartitionRef, stamp: Stamp, removed: number): TransactPart {
  const key = controlKey(ref.topicId, ref.partition);
  const conditions = [equal(CONTROL.topicId, ref.topicId), less(CONTROL.horizon, stamp)];
  if (removed === 0) return { kind: "check", key, conditions };
  return { kind: "update", key, changes: [add(CONTROL.removedBytes, removed)], conditions };
}

function removedBytes(inputs: readonly IndexItem[], content: Swap["content"]): number {
  const before = inputs.reduce((sum, item) => sum + indexItemBytes(item), 0);
  return before - (content.kind === "segment" ? content.segment.bytes : 0);
}
