import { type Call, callWithin } from "../base/call.ts";
import { isLogError } from "../base/errors.ts";
import type { Stamp } from "../base/ids.ts";
import { storeUpdateMsMax } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import {
  absent,
  add,
  type Change,
  type Condition,
  equal,
  less,
  remove,
  set,
  type TransactPart,
} from "../storage/item-change.ts";
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
  /** How the control's list of damaged items that rolls have gone past changes; it must still be as it was read. */
  readonly passedOver?: { readonly before: readonly number[]; readonly after: readonly number[] } | undefined;
}

/**
 * One transaction that replaces index items by one for the same range: each input must still be what was read, and
 * the stamp must be above the control's horizon, so that nothing is referred to that a collector has given up.
 * False when somebody else was faster, or the outcome is not known: the next look at the index tells.
 */
export async function swapIndexItems(
  context: LogContext,
  ref: PartitionRef,
  { inputs, content, stamp, passedOver }: Swap,
  call: Call,
): Promise<boolean> {
  const [first, ...others] = inputs;
  if (first === undefined) return false;
  const end = (others.at(-1) ?? first).end;
  const tag = randomName(context.runtime.random, 12);
  const parts: TransactPart[] = [
    controlPart(ref, stamp, removedBytes(inputs, content), passedOver),
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
function controlPart(ref: PartitionRef, stamp: Stamp, removed: number, passedOver: Swap["passedOver"]): TransactPart {
  const key = controlKey(ref.topicId, ref.partition);
  const conditions: Condition[] = [equal(CONTROL.topicId, ref.topicId), less(CONTROL.horizon, stamp)];
  const changes: Change[] = removed === 0 ? [] : [add(CONTROL.removedBytes, removed)];
  if (passedOver !== undefined) {
    conditions.push(passedOverIs(passedOver.before));
    changes.push(passedOverBecomes(passedOver.after));
  }
  return changes.length === 0 ? { kind: "check", key, conditions } : { kind: "update", key, changes, conditions };
}

/** Empty, the list is not there. */
export function passedOverIs(bases: readonly number[]): Condition {
  return bases.length === 0 ? absent(CONTROL.passedOver) : equal(CONTROL.passedOver, [...bases]);
}

export function passedOverBecomes(bases: readonly number[]): Change {
  return bases.length === 0 ? remove(CONTROL.passedOver) : set(CONTROL.passedOver, [...bases]);
}

function removedBytes(inputs: readonly IndexItem[], content: Swap["content"]): number {
  const before = inputs.reduce((sum, item) => sum + indexItemBytes(item), 0);
  return before - (content.kind === "segment" ? content.segment.bytes : 0);
}
