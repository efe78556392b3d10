import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { indexRemovalsMax, readAttemptsMax, storeUpdateMsMax } from "../../base/limits.ts";
import { add, equal, type TransactPart } from "../../storage/item-change.ts";
import { controlKey, indexKey } from "../../storage/item-keys.ts";
import { CONTROL } from "../../storage/items/control.ts";
import { INDEX, type IndexItem } from "../../storage/items/index-item.ts";
import { indexItemBytes } from "../index-item-facts.ts";
import { indexItemsFrom } from "../index-items.ts";
import { type LogContext, type PartitionRef, partitionName } from "../log-context.ts";

export interface Removed {
  readonly items: number;
  /** Of the batches that they answered for; the bytes themselves are the collector's. */
  readonly bytes: number;
}

/**
 * Removes the index items that lie wholly below the log start, each on condition that it still is what was read: a
 * merge may have put a larger one in its place. In the same transaction their bytes are accounted for. What is left
 * undone, by a lost race or the call's end, is found again by the next.
 */
export async function removeBelow(
  context: LogContext,
  ref: PartitionRef,
  logStart: number,
  call: Call,
): Promise<Removed> {
  let items = 0;
  let bytes = 0;
  for (let refusals = 0; refusals < readAttemptsMax; ) {
    const doomed = await oldestBelow(context, ref, logStart, call);
    if (doomed.length === 0) break;
    const size = doomed.reduce((sum, item) => sum + indexItemBytes(item), 0);
    if (await removeItems(context, ref, doomed, size, call)) {
      items += doomed.length;
      bytes += size;
      refusals = 0;
    } else refusals++;
  }
  if (items > 0) context.indexCache.forget(partitionName(ref));
  context.runtime.meter.count("log.retention.items", items);
  context.runtime.meter.count("log.retention.bytes", bytes);
  return { items, bytes };
}

async function oldestBelow(
  context: LogContext,
  ref: PartitionRef,
  logStart: number,
  call: Call,
): Promise<readonly IndexItem[]> {
  const found: IndexItem[] = [];
  for await (const item of indexItemsFrom(context, ref, { from: 0, to: logStart }, call)) {
    if (item.end > logStart) break;
    found.push(item);
    if (found.length === indexRemovalsMax) break;
  }
  return found;
}

/** False when one of them had changed, or the outcome is not known: the next look tells. */
async function removeItems(
  context: LogContext,
  ref: PartitionRef,
  doomed: readonly IndexItem[],
  bytes: number,
  call: Call,
): Promise<boolean> {
  const accounting: TransactPart = {
    kind: "update",
    key: controlKey(ref.topicId, ref.partition),
    changes: [add(CONTROL.removedBytes, bytes)],
    conditions: [equal(CONTROL.topicId, ref.topicId)],
  };
  const deletes = doomed.map((item): TransactPart => {
    const key = indexKey(ref.topicId, ref.partition, item.base);
    return { kind: "delete", key, conditions: [equal(INDEX.tag, item.tag)] };
  });
  try {
    const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
    return (await context.items.transact([accounting, ...deletes], within)).ok;
  } catch (error) {
    if (isLogError(error) && error.retriable) return false;
    throw error;
  }
}
