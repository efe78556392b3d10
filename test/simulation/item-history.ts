import type { ItemPage, ItemStore, Query } from "../../lib/storage/item-store.ts";
import type { Item, ItemKey, KeyedItem } from "../../lib/storage/item-value.ts";

interface Version {
  readonly atMs: number;
  readonly item: Item | undefined;
}

interface Kept {
  readonly key: ItemKey;
  readonly versions: Version[];
}

/** Earlier versions of all items, for reads that did not ask for consistency. */
export class ItemHistory {
  readonly #partitions = new Map<string, Map<string, Kept>>();
  readonly #truth: ItemStore;

  constructor(truth: ItemStore) {
    this.#truth = truth;
  }

  /** Called after each write: keeps what stands now. */
  async keep(keys: readonly ItemKey[], nowMs: number): Promise<void> {
    for (const key of keys) {
      const item = await this.#truth.get(key, { deadlineMs: Number.POSITIVE_INFINITY });
      this.#kept(key).versions.push({ atMs: nowMs, item });
    }
  }

  getAsOf(key: ItemKey, atMs: number): Item | undefined {
    const versions = this.#partitions.get(key.pk)?.get(key.sk)?.versions ?? [];
    return versions.findLast((version) => version.atMs <= atMs)?.item;
  }

  queryAsOf(query: Query, atMs: number): ItemPage {
    const found: KeyedItem[] = [];
    for (const { key } of this.#partitions.get(query.pk)?.values() ?? []) {
      const item = this.getAsOf(key, atMs);
      const inRange = (query.from ?? "") <= key.sk && (query.to === undefined || key.sk <= query.to);
      if (item !== undefined && inRange) found.push({ key, item });
    }
    found.sort((a, b) => (a.key.sk < b.key.sk ? -1 : 1));
    if (query.reverse === true) found.reverse();
    const limit = query.limit ?? 1000;
    return { items: found.slice(0, limit), more: found.length > limit };
  }

  #kept(key: ItemKey): Kept {
    const partition = this.#partitions.get(key.pk) ?? new Map<string, Kept>();
    this.#partitions.set(key.pk, partition);
    const kept = partition.get(key.sk) ?? { key, versions: [] };
    partition.set(key.sk, kept);
    return kept;
  }
}
