import type { Call } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { passedOverMax } from "../../base/limits.ts";
import { equal } from "../../storage/item-change.ts";
import { controlKey, indexKey } from "../../storage/item-keys.ts";
import { CONTROL, decodeControl } from "../../storage/items/control.ts";
import { decodeIndexItem } from "../../storage/items/index-item.ts";
import { type EntriesItem, indexItemAt } from "../index-items.ts";
import { type LogContext, type PartitionRef, partitionName } from "../log-context.ts";
import { partitionGone } from "../read-head.ts";
import { passedOverBecomes, passedOverIs, type Swap } from "../swap-index-items.ts";
import type { DamagedItem } from "./build-segment.ts";

/** Bases of the damaged index items that rolls have gone past. */
export async function readPassedOver(context: LogContext, ref: PartitionRef, call: Call): Promise<readonly number[]> {
  const item = await context.items.get(controlKey(ref.topicId, ref.partition), call);
  if (item === undefined) throw partitionGone(ref);
  return decodeControl(item).passedOver;
}

/** What a swap that goes past damaged items notes in the control; "full" when there are too many of them. */
export async function passingOver(
  context: LogContext,
  ref: PartitionRef,
  passed: readonly EntriesItem[],
  call: Call,
): Promise<Swap["passedOver"] | "full"> {
  if (passed.length === 0) return undefined;
  const before = await readPassedOver(context, ref, call);
  const after = [...new Set([...before, ...passed.map(({ base }) => base)])].sort((a, b) => a - b);
  return after.length > passedOverMax ? "full" : { before, after };
}

/** The item that stands at a base if it still holds entries. */
export async function entriesItemAt(
  context: LogContext,
  ref: PartitionRef,
  base: number,
  call: Call,
): Promise<EntriesItem | undefined> {
  const stored = await context.items.get(indexKey(ref.topicId, ref.partition, base), call);
  const item = stored === undefined ? undefined : decodeIndexItem(stored);
  return item?.kind === "entries" ? item : undefined;
}

/** Takes off the list what is no longer entries. Lost races are no harm: a base too many costs a read. */
export async function forgetPassedOver(
  context: LogContext,
  ref: PartitionRef,
  { before, after }: { readonly before: readonly number[]; readonly after: readonly number[] },
  call: Call,
): Promise<void> {
  const conditions = [equal(CONTROL.topicId, ref.topicId), passedOverIs(before)];
  try {
    await context.items.update(controlKey(ref.topicId, ref.partition), [passedOverBecomes(after)], conditions, call);
  } catch (error) {
    if (!isLogError(error) || !error.retriable) throw error;
  }
}

/** How an item of entries is called in the memory of what is damaged. */
export function entriesName(ref: PartitionRef, { base, tag }: EntriesItem): string {
  return `${partitionName(ref)}/${base}/${tag}`;
}

/** Reports and remembers a damaged item. False when it has been replaced meanwhile: its bytes may rightly be gone. */
export async function noteDamage(
  context: LogContext,
  ref: PartitionRef,
  { item, error }: DamagedItem,
  call: Call,
): Promise<boolean> {
  const now = await indexItemAt(context, ref, item.base, call);
  if (now?.tag !== item.tag) return false;
  context.damage.add(entriesName(ref, item));
  context.runtime.meter.count("log.entries.damaged");
  context.runtime.logger.error("damaged records are left as they are, and rolls go on past them", {
    ...ref,
    fromOffset: item.base,
    toOffset: item.end,
    error: error.message,
    ...error.details,
  });
  return true;
}
