import type { Call } from "../../base/call.ts";
import { checkKey, checkKeys, checkQuery, checkTransact, checkUpdate } from "../../storage/check-request.ts";
import type { Change, Condition, TransactPart } from "../../storage/item-change.ts";
import { queryItemsMax } from "../../storage/item-limits.ts";
import type { ItemPage, ItemStore, Query, TransactOutcome, UpdateOutcome } from "../../storage/item-store.ts";
import type { Item, ItemKey, KeyedItem } from "../../storage/item-value.ts";
import { planTransact, planUpdate, type Write } from "../../storage/plan-write.ts";
import { SortedMap } from "./sorted-map.ts";

/**
 * Items in this process's memory, lost with it. Each operation takes effect at once when called, and answers
 * through microtasks alone, so that a simulation decides all timing. Items handed out are frozen.
 */
export class MemoryItemStore implements ItemStore {
  readonly #partitions = new Map<string, SortedMap<Item>>();

  async get(key: ItemKey, _call: Call): Promise<Item | undefined> {
    checkKey(key);
    return this.#read(key);
  }

  async getMany(keys: readonly ItemKey[], _call: Call): Promise<readonly (Item | undefined)[]> {
    checkKeys(keys);
    return keys.map((key) => this.#read(key));
  }

  async query(query: Query, _call: Call): Promise<ItemPage> {
    checkQuery(query);
    const items: KeyedItem[] = [];
    const partition = this.#partitions.get(query.pk);
    if (partition === undefined) return { items, more: false };
    const start = query.from === undefined ? 0 : partition.position(query.from);
    const end = endOf(partition, query.to);
    const count = Math.min(Math.max(0, end - start), query.limit ?? queryItemsMax);
    for (let step = 0; step < count; step++) {
      const sk = partition.keyAt(query.reverse ? end - 1 - step : start + step) as string;
      items.push({ key: { pk: query.pk, sk }, item: partition.get(sk) as Item });
    }
    return { items, more: end - start > count };
  }

  async update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    _call: Call,
  ): Promise<UpdateOutcome> {
    checkUpdate(key, changes, conditions);
    const { outcome, writes } = planUpdate(key, changes, conditions, this.#read(key));
    this.#write(writes);
    return outcome;
  }

  async transact(parts: readonly TransactPart[], _call: Call): Promise<TransactOutcome> {
    checkTransact(parts);
    const { outcome, writes } = planTransact(parts, (key) => this.#read(key));
    this.#write(writes);
    return outcome;
  }

  #read(key: ItemKey): Item | undefined {
    return this.#partitions.get(key.pk)?.get(key.sk);
  }

  #write(writes: readonly Write[]): void {
    for (const { key, item } of writes) {
      if (item === undefined) this.#delete(key);
      else this.#partition(key.pk).set(key.sk, item);
    }
  }

  #partition(pk: string): SortedMap<Item> {
    const partition = this.#partitions.get(pk) ?? new SortedMap<Item>();
    this.#partitions.set(pk, partition);
    return partition;
  }

  #delete(key: ItemKey): void {
    const partition = this.#partitions.get(key.pk);
    partition?.delete(key.sk);
    if (partition?.size === 0) this.#partitions.delete(key.pk);
  }
}

/** One past the place of the last sort key at or below `to`. */
function endOf(partition: SortedMap<Item>, to: string | undefined): number {
  if (to === undefined) return partition.size;
  return partition.position(to) + (partition.has(to) ? 1 : 0);
}
