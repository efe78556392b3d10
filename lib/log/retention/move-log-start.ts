import { type Call, callWithin } from "../../base/call.ts";
import { storeUpdateMsMax } from "../../base/limits.ts";
import { type Condition, equal, greater, less, set } from "../../storage/item-change.ts";
import { headKey } from "../../storage/item-keys.ts";
import { HEAD } from "../../storage/items/head.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { openHead } from "../read-head.ts";
import { repeatWhileRetriable } from "../repeat-while-retriable.ts";

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
  const key = headKey(ref.topicId, ref.partition);
  const outcome = await repeatWhileRetriable(() => {
    const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
    return context.items.update(key, [set(HEAD.logStart, to)], conditions, within);
  });
  return outcome.ok ? to : openHead(context, ref, outcome.current).logStart;
}
