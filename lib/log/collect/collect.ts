import { type Call, remainingMs } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import type { LogContext } from "../log-context.ts";
import { type Collected, type CollectionRules, collectBatch } from "./collect-batch.ts";
import { COLLECTION_START, placeOfToken, placeToken } from "./collection-place.ts";

/** Left of a call's time, a further batch is not begun. */
const BATCH_MS = 5000;

export interface Collection extends Collected {
  /** Where the next call goes on; undefined when the collection is through. */
  readonly next: string | undefined;
}

const NOTHING: Collected = { objects: 0, items: 0, bytes: 0, referred: 0, undecided: 0 };

/**
 * Collects batch after batch from where an earlier call left off (`after`), as long as the call has time. A store
 * that fails in the middle ends the call early, not the collection: what was done is told, and where to go on.
 */
export async function collect(
  context: LogContext,
  rules: CollectionRules,
  { after, between }: { readonly after?: string | undefined; readonly between?: () => Promise<void> },
  call: Call,
): Promise<Collection> {
  let place = after === undefined ? COLLECTION_START : placeOfToken(after);
  let total = NOTHING;
  for (let batches = 0; ; batches++) {
    try {
      const { collected, next } = await collectBatch(context, rules, place, call);
      total = sum(total, collected);
      if (next === undefined) return { ...total, next: undefined };
      place = next;
    } catch (error) {
      if (batches === 0 || !isLogError(error) || !error.retriable) throw error;
      return { ...total, next: placeToken(place) };
    }
    if (call.signal?.aborted || remainingMs(context.runtime.clock, call) < BATCH_MS) {
      return { ...total, next: placeToken(place) };
    }
    await between?.();
  }
}

export function sum(one: Collected, other: Collected): Collected {
  return {
    objects: one.objects + other.objects,
    items: one.items + other.items,
    bytes: one.bytes + other.bytes,
    referred: one.referred + other.referred,
    undecided: one.undecided + other.undecided,
  };
}
