import type { Call } from "../../base/call.ts";
import type { Change, Condition, TransactPart } from "../../storage/item-change.ts";
import { imagesOf } from "../../storage/item-images.ts";
import { itemBytes } from "../../storage/item-size.ts";
import type {
  ItemPage,
  ItemStore,
  Query,
  ReadOptions,
  TransactOutcome,
  UpdateOutcome,
} from "../../storage/item-store.ts";
import type { Item, ItemKey } from "../../storage/item-value.ts";
import { loneDeleteOf } from "../../storage/lone-delete.ts";
import type { Counted, StoreCounter } from "./store-counts.ts";

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;
const TRANSACTION_FACTOR = 2;

/**
 * Counts requests, and the units that DynamoDB would bill (developer guide, "Read and write operations"):
 * refused updates by the item that refused them; reads and writes of nothing as one unit. Write units need a
 * store that tells its images (`imagesOf`).
 */
export class MeteredItemStore implements ItemStore {
  readonly #store: ItemStore;
  readonly #counter: StoreCounter;

  constructor(store: ItemStore, counter: StoreCounter) {
    this.#store = store;
    this.#counter = counter;
  }

  async get(key: ItemKey, call: Call, options?: ReadOptions): Promise<Item | undefined> {
    const item = await this.#counted("itemGets", () => this.#store.get(key, call, options));
    this.#countRead(bytesOf(key, item), options);
    return item;
  }

  async getMany(keys: readonly ItemKey[], call: Call, options?: ReadOptions): Promise<readonly (Item | undefined)[]> {
    const items = await this.#counted("itemGetManys", () => this.#store.getMany(keys, call, options));
    for (const [at, key] of keys.entries()) this.#countRead(bytesOf(key, items[at]), options);
    return items;
  }

  async query(query: Query, call: Call): Promise<ItemPage> {
    const page = await this.#counted("itemQueries", () => this.#store.query(query, call));
    let bytes = 0;
    for (const { key, item } of page.items) bytes += itemBytes(key, item);
    this.#countRead(bytes, query);
    return page;
  }

  async update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    call: Call,
  ): Promise<UpdateOutcome> {
    const outcome = await this.#counted("itemUpdates", () => this.#store.update(key, changes, conditions, call));
    if (outcome.ok) {
      this.#countImages(outcome, 1);
    } else {
      this.#counter.add("itemUpdatesRefused");
      this.#counter.add("writeUnits", unitsOf(bytesOf(key, outcome.current), WRITE_UNIT_BYTES));
    }
    return outcome;
  }

  async transact(parts: readonly TransactPart[], call: Call): Promise<TransactOutcome> {
    this.#counter.add("itemTransactParts", parts.length);
    const outcome = await this.#counted("itemTransacts", () => this.#store.transact(parts, call));
    if (!outcome.ok) this.#counter.add("itemTransactsRefused");
    this.#countImages(outcome, loneDeleteOf(parts) === undefined ? TRANSACTION_FACTOR : 1);
    return outcome;
  }

  #countRead(bytes: number, options: ReadOptions = {}): void {
    this.#counter.add("itemBytesRead", bytes);
    this.#counter.add("readUnits", unitsOf(bytes, READ_UNIT_BYTES) * (options.consistent === false ? 0.5 : 1));
  }

  #countImages(outcome: UpdateOutcome | TransactOutcome, factor: number): void {
    const images = imagesOf(outcome);
    if (images === undefined) this.#counter.add("writesUnmeasured");
    for (const { key, before, after } of images ?? []) {
      const bytes = Math.max(bytesOf(key, before), bytesOf(key, after));
      this.#counter.add("writeUnits", unitsOf(bytes, WRITE_UNIT_BYTES) * factor);
    }
  }

  async #counted<T>(name: Counted, operation: () => Promise<T>): Promise<T> {
    this.#counter.add(name);
    try {
      return await operation();
    } catch (error) {
      this.#counter.add("failures");
      throw error;
    }
  }
}

function bytesOf(key: ItemKey, item: Item | undefined): number {
  return item === undefined ? 0 : itemBytes(key, item);
}

function unitsOf(bytes: number, unitBytes: number): number {
  return Math.max(1, Math.ceil(bytes / unitBytes));
}
