import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { readAttemptsMax, storeUpdateMsMax } from "../../base/limits.ts";
import { type Condition, equal, greater, less, set } from "../../storage/item-change.ts";
import { headKey } from "../../storage/item-keys.ts";
import { HEAD } from "../../storage/items/head.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { openHead, readHead } from "../read-head.ts";

export interface Move {
  /** The new log start: at most the high watermark. */
  readonly to: number;
  /** Moves only from here: what was decided on has changed when the log start has. */
  readonly from?: number;
}

/**
 * Moves the log start forward by one conditional update, never back; whatever lies below is gone for readers from
 * that moment on. Answers with the log start as it then is. Repeating it does no harm.
 */
export async function moveLogStart(
  context: LogContext,
  ref: PartitionRef,
  { to, from }: Move,
  call: Call,
): Promise<number> {
  const conditions: Condition[] = [
    equal(HEAD.topicId, ref.topicId),
    equal(HEAD.state, "open"),
    greater(HEAD.next, to - 1),
    from === undefined ? less(HEAD.logStart, to) : equal(HEAD.logStart, from),
  ];
  for (let attempt = 1; ; attempt++) {
    try {
      const key = headKey(ref.topicId, ref.partition);
      const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
      const outcome = await context.items.update(key, [set(HEAD.logStart, to)], conditions, within);
      return outcome.ok ? to : openHead(context, ref, outcome.current).logStart;
    } catch (error) {
      if (!isLogError(error) || !error.retriable || attempt >= readAttemptsMax) throw error;
    }
    const { logStart } = await readHead(context, ref, call);
    if (logStart >= to || (from !== undefined && logStart !== from)) return logStart;
  }
}
