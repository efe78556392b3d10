import { applyChanges } from "../../storage/apply-changes.ts";
import { conditionsHold } from "../../storage/check-conditions.ts";
import type { Change, Condition } from "../../storage/item-change.ts";
import type { Item } from "../../storage/item-value.ts";

interface Refused {
  readonly changes: readonly Change[];
  readonly conditions: readonly Condition[];
}

/**
 * A refused expression holds the caller's conditions and the guards of its removals (`expressions.ts`): whether
 * it was a guard alone, told from the item that refused.
 */
export function refusedByGuard({ changes, conditions }: Refused, current: Item | undefined): boolean {
  return changes.some((change) => change.kind === "remove") && conditionsHold(current, conditions);
}

/**
 * What a guard's refusal means: there is no item, so nothing is removed and nothing created; or the changes do
 * not fit the item, which fails with `InvalidRequest`.
 */
export function checkNothingToRemove({ changes }: Pick<Refused, "changes">, current: Item | undefined): void {
  applyChanges(current, changes);
}
