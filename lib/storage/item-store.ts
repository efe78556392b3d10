import type { Call } from "../base/call.ts";
import type { Change, Condition, TransactPart } from "./item-change.ts";
import type { Item, ItemKey, KeyedItem } from "./item-value.ts";

export type UpdateOutcome =
  /** The changed paths with their new values, nested as in the item; removed ones are left out. */
  | { readonly ok: true; readonly changed: Item }
  /** A condition failed: the whole item as it stood, undefined when there was none. */
  | { readonly ok: false; readonly current: Item | undefined };

export type TransactOutcome =
  | { readonly ok: true }
  /** Nothing happened. Every part whose own conditions failed, by its place, with its item as it stood. */
  | { readonly ok: false; readonly failed: readonly { readonly part: number; readonly current: Item | undefined }[] };

export interface ReadOptions {
  /** Default true. When false the answer may be older, for a fraction of the price. */
  readonly consistent?: boolean;
}

export interface Query extends ReadOptions {
  readonly pk: string;
  /** Sort keys at or above. */
  readonly from?: string;
  /** Sort keys at or below. */
  readonly to?: string;
  readonly reverse?: boolean;
  /** At most so many items, 1 to 1000; default 1000. A store may answer with fewer and `more`. */
  readonly limit?: number;
}

export interface ItemPage {
  /** In order of sort key (UTF-8 bytes), descending when reversed. */
  readonly items: readonly KeyedItem[];
  /** More match: ask again from past the last item's sort key. Never set without an item. */
  readonly more: boolean;
}

/**
 * Small items (400 KB at most) under a partition key and a sort key, each changed atomically.
 *
 * Every operation fails with a `LogError`: `StoreThrottled`, `StoreConflict` (nothing happened),
 * `StoreUnavailable`, `StoreForbidden`, `StoreMissing`, `StoreFull`, `RequestTimedOut`. Its `effect` says whether
 * the operation may have happened, or still may. Nothing here retries. Arguments that break the rules of `item-change.ts`, or
 * an item above the limit, fail with `InvalidRequest`.
 */
export interface ItemStore {
  get(key: ItemKey, call: Call, options?: ReadOptions): Promise<Item | undefined>;

  /** As many answers as keys (at most 100), in their order. Each item is read atomically, all together not. */
  getMany(keys: readonly ItemKey[], call: Call, options?: ReadOptions): Promise<readonly (Item | undefined)[]>;

  query(query: Query, call: Call): Promise<ItemPage>;

  /**
   * Changes one item under conditions. An absent item is created (out of the changes) unless a condition
   * forbids it: whoever must not resurrect it says `itemExists` or demands a value.
   */
  update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    call: Call,
  ): Promise<UpdateOutcome>;

  /** All parts or none, at most 100. */
  transact(parts: readonly TransactPart[], call: Call): Promise<TransactOutcome>;
}
