import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import type { Stamp, TopicId } from "../../base/ids.ts";
import { readAttemptsMax, storeUpdateMsMax } from "../../base/limits.ts";
import { equal, less, set } from "../../storage/item-change.ts";
import { type Item, type ItemKey, valueAt } from "../../storage/item-value.ts";
import type { LogContext } from "../log-context.ts";

/** Head and control name their horizon alike. */
const HORIZON = ["horizon"] as const;
const TOPIC_ID = ["topicId"] as const;

/**
 * Raises the horizon of a head or a control to a stamp, never lowers it. True once it is known to stand there: from
 * then on nothing that bears the stamp, or an older one, is referred to anew. False when the item is gone.
 */
export async function raiseHorizon(
  context: LogContext,
  key: ItemKey,
  { topicId, stamp }: { readonly topicId: TopicId; readonly stamp: Stamp },
  call: Call,
): Promise<boolean> {
  const conditions = [equal(TOPIC_ID, topicId), less(HORIZON, stamp)];
  context.stamps.observe(stamp);
  for (let attempt = 1; ; attempt++) {
    try {
      const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
      const outcome = await context.items.update(key, [set(HORIZON, stamp)], conditions, within);
      return outcome.ok || stands(outcome.current, topicId, stamp);
    } catch (error) {
      if (!isLogError(error) || !error.retriable || attempt >= readAttemptsMax) throw error;
    }
  }
}

function stands(current: Item | undefined, topicId: TopicId, stamp: Stamp): boolean {
  const horizon = valueAt(current, HORIZON);
  return valueAt(current, TOPIC_ID) === topicId && typeof horizon === "number" && horizon >= stamp;
}
