import { type Call, callWithin } from "../../base/call.ts";
import type { Stamp, TopicId } from "../../base/ids.ts";
import { storeUpdateMsMax } from "../../base/limits.ts";
import { equal, less, set } from "../../storage/item-change.ts";
import { type Item, type ItemKey, valueAt } from "../../storage/item-value.ts";
import type { LogContext } from "../log-context.ts";
import { repeatWhileRetriable } from "../repeat-while-retriable.ts";

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
  const outcome = await repeatWhileRetriable(() => {
    const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
    return context.items.update(key, [set(HORIZON, stamp)], conditions, within);
  });
  return outcome.ok || stands(outcome.current, topicId, stamp);
}

function stands(current: Item | undefined, topicId: TopicId, stamp: Stamp): boolean {
  const horizon = valueAt(current, HORIZON);
  return valueAt(current, TOPIC_ID) === topicId && typeof horizon === "number" && horizon >= stamp;
}
