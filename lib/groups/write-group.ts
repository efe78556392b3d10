import { type Call, callWithin } from "../base/call.ts";
import type { Clock } from "../base/clock.ts";
import { isLogError } from "../base/errors.ts";
import { storeUpdateMsMax } from "../base/limits.ts";
import { set, type TransactPart } from "../storage/item-change.ts";
import type { ItemStore } from "../storage/item-store.ts";
import type { Path } from "../storage/item-value.ts";

export type WriteOutcome =
  | { readonly kind: "done" }
  /** Nothing happened; the places of the parts whose conditions failed, none when the store saw a conflict. */
  | { readonly kind: "refused"; readonly failed: readonly number[] }
  /** It may have happened, now or later: only a read shows. */
  | { readonly kind: "unknown" };

/**
 * Writes all parts or none; never twice. A single put is written as an update of all its attributes, at half the
 * price of a transaction. Fails only for reasons that a repetition would not mend.
 */
export async function writeGroup(
  { items, clock }: { readonly items: ItemStore; readonly clock: Clock },
  parts: readonly TransactPart[],
  call: Call,
): Promise<WriteOutcome> {
  const [first] = parts;
  const within = callWithin(clock, storeUpdateMsMax, call);
  try {
    if (parts.length === 1 && first?.kind === "put") {
      const changes = Object.entries(first.item).map(([name, value]) => set([name] as Path, value));
      const outcome = await items.update(first.key, changes, first.conditions, within);
      return outcome.ok ? { kind: "done" } : { kind: "refused", failed: [0] };
    }
    const outcome = await items.transact(parts, within);
    return outcome.ok ? { kind: "done" } : { kind: "refused", failed: outcome.failed.map(({ part }) => part) };
  } catch (error) {
    if (!isLogError(error) || !error.retriable) throw error;
    return error.effect === "none" ? { kind: "refused", failed: [0] } : { kind: "unknown" };
  }
}
