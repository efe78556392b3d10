import { type Call, callWithin } from "../base/call.ts";
import { isLogError } from "../base/errors.ts";
import { type CommitId, commitStamp, type Stamp } from "../base/ids.ts";
import { stampAgeMsMax, storeUpdateMsMax } from "../base/limits.ts";
import { equal, less, set } from "../storage/item-change.ts";
import { headKey } from "../storage/item-keys.ts";
import { HEAD, type Head } from "../storage/items/head.ts";
import type { LogContext, PartitionRef } from "./log-context.ts";

/** Ids with stamps at or below it are so old that no attempt of their time can be alive. */
export function settledStamp(context: LogContext): number {
  return context.runtime.clock.nowMs() - stampAgeMsMax;
}

/**
 * Raises the head's horizon to the newest of the ids that is old enough that no attempt of its time can be alive.
 * They need not be kept then: a late one would be refused. Answers with the stamp up to which ids may be forgotten.
 */
export async function forgetCommits(
  context: LogContext,
  ref: PartitionRef,
  head: Pick<Head, "horizon">,
  ids: readonly CommitId[],
  call: Call,
): Promise<Stamp> {
  const settled = settledStamp(context);
  let wanted = 0;
  for (const id of ids) {
    const stamp = commitStamp(id);
    if (stamp <= settled) wanted = Math.max(wanted, stamp);
  }
  if (wanted <= head.horizon) return head.horizon;
  const conditions = [equal(HEAD.topicId, ref.topicId), less(HEAD.horizon, wanted)];
  const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
  try {
    const key = headKey(ref.topicId, ref.partition);
    const outcome = await context.items.update(key, [set(HEAD.horizon, wanted)], conditions, within);
    return outcome.ok ? (wanted as Stamp) : head.horizon;
  } catch (error) {
    // Raised or not: without knowing, all ids are kept.
    if (isLogError(error) && error.retriable) return head.horizon;
    throw error;
  }
}
