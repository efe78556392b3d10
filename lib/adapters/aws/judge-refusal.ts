import { applyChanges } from "../../storage/apply-changes.ts";
import { conditionsHold } from "../../storage/check-conditions.ts";
import type { Change, Condition } from "../../storage/item-change.ts";
import type { Item } from "../../storage/item-value.ts";

/** Why an update was refused, told from the item that refused it. */
export type Refusal = "conditions" | "nothingToRemove";

/**
 * A refused expression holds the caller's conditions and the guards of its removals (`expressions.ts`). When the
 * conditions hold, it was a guard: either there is no item, and nothing to remove; or the changes do not fit the
 * item, which fails with `InvalidRequest`.
 */
export function judgeRefusal(
  changes: readonly Change[],
  conditions: readonly Condition[],
  current: Item | undefined,
): Refusal {
  if (!conditionsHold(current, conditions) || changes.every((change) => change.kind !== "remove")) return "conditions";
  applyChanges(current, changes);
  return current === undefined ? "nothingToRemove" : "conditions";
}
