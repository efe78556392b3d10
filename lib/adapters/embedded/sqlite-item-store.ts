import type { Call } from "../../base/call.ts";
import { LogError } from "../../base/errors.ts";
import { checkKey, checkKeys, checkQuery, checkTransact, checkUpdate } from "../../storage/check-request.ts";
import type { Change, Condition, TransactPart } from "../../storage/item-change.ts";
import { queryItemsMax } from "../../storage/item-limits.ts";
import type { ItemPage, ItemStore, Query, TransactOutcome, UpdateOutcome } from "../../storage/item-store.ts";
import type { Item, ItemKey } from "../../storage/item-value.ts";
import { planTransact, planUpdate } from "../../storage/plan-write.ts";
import { GroupCommit } from "./group-commit.ts";
import { cacheName, ItemCache } from "./item-cache.ts";
import { decodeItem } from "./item-codec.ts";
import { type ItemTable, itemName } from "./item-table.ts";
import { WorkerItemTable } from "./worker-item-table.ts";

/** Hot heads of some thousand partitions. */
const cacheBytesDefault = 32 * 1024 * 1024;

export interface SqliteItemStoreOptions {
  /** Memory for decoded items; 0 keeps none. */
  readonly cacheBytesMax?: number;
}

/**
 * Items in one SQLite file that this process holds for itself. Because nobody else can write it, writes are
 * decided here, in memory, and SQLite only stores their results: all that came while one commit was on its
 * way to the disk form the next. Answers show committed state alone.
 */
export class SqliteItemStore implements ItemStore {
  readonly #table: ItemTable;
  readonly #cache: ItemCache;
  readonly #commits: GroupCommit;
  #closing: Promise<void> | undefined;

  /** Opens or creates the file; `StoreLocked` when another process has it, `StoreFormat` when it is not ours. */
  static async open(path: string, options: SqliteItemStoreOptions = {}): Promise<SqliteItemStore> {
    return new SqliteItemStore(await WorkerItemTable.open(path), options);
  }

  constructor(table: ItemTable, options: SqliteItemStoreOptions = {}) {
    this.#table = table;
    this.#cache = new ItemCache(options.cacheBytesMax ?? cacheBytesDefault);
    this.#commits = new GroupCommit(table, this.#cache);
  }

  async get(key: ItemKey, _call: Call): Promise<Item | undefined> {
    checkKey(key);
    this.#commits.checkUsable();
    const cached = this.#cache.get(cacheName(key));
    if (cached !== undefined) return cached.item;
    return (await this.#load([key]))[0];
  }

  async getMany(keys: readonly ItemKey[], _call: Call): Promise<readonly (Item | undefined)[]> {
    checkKeys(keys);
    this.#commits.checkUsable();
    if (!keys.every((key) => this.#cache.has(cacheName(key)))) return this.#load(keys);
    return keys.map((key) => this.#cache.get(cacheName(key))?.item);
  }

  async query(query: Query, _call: Call): Promise<ItemPage> {
    checkQuery(query);
    this.#commits.checkUsable();
    const { pk, from = "", to, reverse = false, limit = queryItemsMax } = query;
    const { rows, more } = await this.#table.query({ pk, from, to, reverse, limit });
    return {
      items: rows.map(({ sk, value }) => ({
        key: { pk, sk },
        item: decodeItem(value, itemName(this.#table, { pk, sk })),
      })),
      more,
    };
  }

  async update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    _call: Call,
  ): Promise<UpdateOutcome> {
    checkUpdate(key, changes, conditions);
    return this.#commits.run([key], (read) => planUpdate(key, changes, conditions, read(key)));
  }

  async transact(parts: readonly TransactPart[], _call: Call): Promise<TransactOutcome> {
    checkTransact(parts);
    return this.#commits.run(
      parts.map((part) => part.key),
      (read) => planTransact(parts, read),
    );
  }

  /** Ends after what is under way; later calls fail with `Closed`. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#commits.stop(new LogError("Closed", "the item store is closed"));
    await this.#table.close();
  }

  /** Reads committed items; an entry made meanwhile by a commit is newer and stays. */
  async #load(keys: readonly ItemKey[]): Promise<(Item | undefined)[]> {
    const values = await this.#table.read(keys);
    return keys.map((key, at) => {
      const name = cacheName(key);
      const value = values[at];
      const item = value === undefined ? undefined : decodeItem(value, itemName(this.#table, key));
      if (!this.#cache.has(name)) this.#cache.set(name, item, value?.byteLength ?? 0);
      return item;
    });
  }
}
