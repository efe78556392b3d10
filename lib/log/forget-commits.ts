import { type Call, callWithin } from "../base/call.ts";
import { isLogError } from "../base/errors.ts";
import { type CommitId, commitStamp, type Stamp } from "../base/ids.ts";
import { stampAgeMsMax, storeUpdateMsMax } from "../base/limits.ts";
import { equal, less, set } from "../storage/item-change.ts";
import { headKey } from "../storage/item-keys.ts";
import { HEAD, type Head } from "../storage/items/head.ts";
import type { LogContext, PartitionRef } from "./log-context.ts";
import { openHead } from "./read-head.ts";

/** Ids with stamps at or below it are so old that no attempt of their time can be alive. */
export function settledStamp(context: LogContext): number {
  return context.runtime.clock.nowMs() - stampAgeMsMax;
}

/**
 * Raises the head's horizon to the newest of the ids that is old enough that no attempt of its time can be alive.
 * They need not be kept then: a late one would be refused. Answers with the stamp up to which ids may be forgotten.
 */
export function forgetCommits(
  context: LogContext,
  ref: PartitionRef,
  head: Pick<Head, "horizon">,
  ids: readonly CommitId[],
  call: Call,
): Promise<Stamp> {
  const settled = settledStamp(context);
  let newest = 0 as Stamp;
  for (const id of ids) {
    const stamp = commitStamp(id);
    if (stamp <= settled && stamp > newest) newest = stamp;
  }
  return forgetUpTo(context, ref, head, newest, call);
}

/** As `forgetCommits`, for ids with stamps at or below one that has settled. */
export async function forgetUpTo(
  context: LogContext,
  ref: PartitionRef,
  head: Pick<Head, "horizon">,
  stamp: Stamp,
  call: Call,
): Promise<Stamp> {
  if (stamp <= head.horizon) return head.horizon;
  const conditions = [equal(HEAD.topicId, ref.topicId), less(HEAD.horizon, stamp)];
  const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
  try {
    const key = headKey(ref.topicId, ref.partition);
    const outcome = await context.items.update(key, [set(HEAD.horizon, stamp)], conditions, within);
    return outcome.ok ? stamp : openHead(context, ref, outcome.current).horizon;
  } catch (error) {
    // Raised or not: without knowing, all ids are kept.
    if (isLogError(error) && error.retriable) return head.horizon;
    throw error;
  }
}
