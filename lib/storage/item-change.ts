import type { Item, ItemKey, ItemValue, Path } from "./item-value.ts";

/**
 * One change of an update. All right-hand sides see the item as it was before the update. No two changes of
 * one update may name the same path, nor one a part of another's. A path's parents must exist as maps. At
 * least one change; an update that only removes creates no item. Limits: `item-limits.ts`.
 */
export type Change =
  | { readonly kind: "set"; readonly path: Path; readonly value: ItemValue }
  /** Sets `path` to the old number at `from`, plus `plus`. */
  | { readonly kind: "setFrom"; readonly path: Path; readonly from: Path; readonly plus: number }
  /** Adds to a number, which counts as 0 when absent. */
  | { readonly kind: "add"; readonly path: Path; readonly by: number }
  /** Removing what is absent is no error. */
  | { readonly kind: "remove"; readonly path: Path };

/** Conditions are joined by AND. A comparison with an absent value, or one of another type, is false. */
export type Condition =
  | { readonly kind: "itemExists" }
  | { readonly kind: "itemAbsent" }
  | { readonly kind: "exists"; readonly path: Path }
  | { readonly kind: "absent"; readonly path: Path }
  | { readonly kind: "equal"; readonly path: Path; readonly value: ItemValue }
  | { readonly kind: "less"; readonly path: Path; readonly value: number | string }
  | { readonly kind: "greater"; readonly path: Path; readonly value: number | string }
  /** Length of a string in bytes of UTF-8, of bytes, or the count of a list's or map's elements. */
  | { readonly kind: "sizeLess"; readonly path: Path; readonly size: number };

export const set = (path: Path, value: ItemValue): Change => ({ kind: "set", path, value });
export const setFrom = (path: Path, from: Path, plus: number): Change => ({ kind: "setFrom", path, from, plus });
export const add = (path: Path, by: number): Change => ({ kind: "add", path, by });
export const remove = (path: Path): Change => ({ kind: "remove", path });

export const itemExists: Condition = { kind: "itemExists" };
export const itemAbsent: Condition = { kind: "itemAbsent" };
export const exists = (path: Path): Condition => ({ kind: "exists", path });
export const absent = (path: Path): Condition => ({ kind: "absent", path });
export const equal = (path: Path, value: ItemValue): Condition => ({ kind: "equal", path, value });
export const less = (path: Path, value: number | string): Condition => ({ kind: "less", path, value });
export const greater = (path: Path, value: number | string): Condition => ({ kind: "greater", path, value });
export const sizeLess = (path: Path, size: number): Condition => ({ kind: "sizeLess", path, size });

/** One part of a transaction. No two parts may name one item. */
export type TransactPart =
  | {
      readonly kind: "update";
      readonly key: ItemKey;
      readonly changes: readonly Change[];
      readonly conditions: readonly Condition[];
    }
  | { readonly kind: "put"; readonly key: ItemKey; readonly item: Item; readonly conditions: readonly Condition[] }
  | { readonly kind: "delete"; readonly key: ItemKey; readonly conditions: readonly Condition[] }
  | { readonly kind: "check"; readonly key: ItemKey; readonly conditions: readonly Condition[] };
