import type { Call } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
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
import { withinDeadline } from "./within-deadline.ts";

/** Answers every operation by its call's deadline, whatever the store does. */
export class DeadlineItemStore implements ItemStore {
  readonly #store: ItemStore;
  readonly #clock: Clock;

  constructor(store: ItemStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(key: ItemKey, call: Call, options?: ReadOptions): Promise<Item | undefined> {
    return withinDeadline(this.#clock, call, `get of ${key.pk} ${key.sk}`, () => this.#store.get(key, call, options));
  }

  getMany(keys: readonly ItemKey[], call: Call, options?: ReadOptions): Promise<readonly (Item | undefined)[]> {
    return withinDeadline(this.#clock, call, "get of items", () => this.#store.getMany(keys, call, options));
  }

  query(query: Query, call: Call): Promise<ItemPage> {
    return withinDeadline(this.#clock, call, `query of ${query.pk}`, () => this.#store.query(query, call));
  }

  update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    call: Call,
  ): Promise<UpdateOutcome> {
    const what = `update of ${key.pk} ${key.sk}`;
    return withinDeadline(this.#clock, call, what, () => this.#store.update(key, changes, conditions, call));
  }

  transact(parts: readonly TransactPart[], call: Call): Promise<TransactOutcome> {
    return withinDeadline(this.#clock, call, "transaction", () => this.#store.transact(parts, call));
  }
}
