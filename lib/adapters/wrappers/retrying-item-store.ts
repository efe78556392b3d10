import type { Call } from "../../base/call.ts";
import type { Change, Condition, TransactPart } from "../../storage/item-change.ts";
import type {
  ItemPage,
  ItemStore,
  Query,
  ReadOptions,
  TransactOutcome,
  UpdateOutcome,
} from "../../storage/item-store.ts";
import type { Item, ItemKey } from "../../storage/item-value.ts";
import { mayRepeatAlways, mayRepeatWithoutEffect, type RetryOptions, retry } from "./retry-policy.ts";

/**
 * Repeats reads, and writes of which nothing can have happened. A write whose answer was lost is never
 * repeated here: the second would append twice, or take its own first for somebody else's.
 */
export class RetryingItemStore implements ItemStore {
  readonly #store: ItemStore;
  readonly #options: RetryOptions;

  constructor(store: ItemStore, options: RetryOptions) {
    this.#store = store;
    this.#options = options;
  }

  get(key: ItemKey, call: Call, options?: ReadOptions): Promise<Item | undefined> {
    return retry(this.#options, call, mayRepeatAlways, () => this.#store.get(key, call, options));
  }

  getMany(keys: readonly ItemKey[], call: Call, options?: ReadOptions): Promise<readonly (Item | undefined)[]> {
    return retry(this.#options, call, mayRepeatAlways, () => this.#store.getMany(keys, call, options));
  }

  query(query: Query, call: Call): Promise<ItemPage> {
    return retry(this.#options, call, mayRepeatAlways, () => this.#store.query(query, call));
  }

  update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    call: Call,
  ): Promise<UpdateOutcome> {
    return retry(this.#options, call, mayRepeatWithoutEffect, () => this.#store.update(key, changes, conditions, call));
  }

  transact(parts: readonly TransactPart[], call: Call): Promise<TransactOutcome> {
    return retry(this.#options, call, mayRepeatWithoutEffect, () => this.#store.transact(parts, call));
  }
}
