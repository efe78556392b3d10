import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import type { Item, ItemKey } from "../../storage/item-value.ts";
import type { Plan } from "../../storage/plan-write.ts";
import { cacheName, type ItemCache } from "./item-cache.ts";
import { decodeItem, encodeItem } from "./item-codec.ts";
import { type ItemTable, itemName, type RowWrite } from "./item-table.ts";

/** Operations of one commit: bounds how long the first waits for the last to be decided. */
const groupOperationsMax = 512;
/** Operations that wait for a later commit: beyond it the store asks for fewer. */
const waitingOperationsMax = 20_000;

type Read = (key: ItemKey) => Item | undefined;

interface Waiting {
  readonly keys: readonly ItemKey[];
  readonly plan: (read: Read) => Plan<unknown>;
  readonly resolve: (outcome: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Written {
  readonly key: ItemKey;
  readonly item: Item | undefined;
}

/** The items of a group by cache name, as they stand after the operations decided so far. */
type GroupItems = Map<string, () => Item | undefined>;

interface Decided {
  readonly operation: Waiting;
  readonly outcome: unknown;
}

/**
 * Runs writes in groups, one durable commit each: whatever is asked while a commit is on its way forms the
 * next group. A group's operations see each other's results in the order they came; nobody else does before
 * the commit. An operation that fails on its own leaves no trace in its group.
 */
export class GroupCommit {
  readonly #table: ItemTable;
  readonly #cache: ItemCache;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #stopped: LogError | undefined;

  constructor(table: ItemTable, cache: ItemCache) {
    this.#table = table;
    this.#cache = cache;
  }

  /** `plan` decides from the items at `keys`, synchronously, and may be asked for nothing else. */
  run<Outcome>(keys: readonly ItemKey[], plan: (read: Read) => Plan<Outcome>): Promise<Outcome> {
    this.checkUsable();
    if (this.#waiting.length >= waitingOperationsMax) {
      throw new LogError("StoreThrottled", `${waitingOperationsMax} writes wait for the disk`);
    }
    return new Promise<Outcome>((resolve, reject) => {
      this.#waiting.push({ keys, plan, resolve: resolve as (outcome: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Throws once stopped, or once a commit ended in doubt. */
  checkUsable(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  /** Refuses new operations with `error`; resolves when those under way have settled. */
  async stop(error: LogError): Promise<void> {
    this.#stopped ??= error;
    await this.#running;
  }

  async #drain(): Promise<void> {
    // Whoever asks in the same turn of the event loop belongs to the first group already.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, groupOperationsMax);
      try {
        await this.#runGroup(group);
      } catch (error) {
        this.#failGroup(group, error);
      }
    }
    this.#running = undefined;
  }

  async #runGroup(group: readonly Waiting[]): Promise<void> {
    const items = await this.#itemsOf(group);
    const written = new Map<string, Written>();
    const decided = decideAll(group, items, written);
    if (written.size > 0) {
      const rows = [...written.values()].map(rowOf);
      await this.#table.commit(rows);
      // First the cache, then the answers: whoever has an answer reads what it says.
      let at = 0;
      for (const [name, { item }] of written) this.#cache.set(name, item, rows[at++]?.value?.byteLength ?? 0);
    }
    for (const { operation, outcome } of decided) operation.resolve(outcome);
  }

  /** The committed items of all the group's keys, from the cache or else in one read. */
  async #itemsOf(group: readonly Waiting[]): Promise<GroupItems> {
    const items: GroupItems = new Map();
    const missing = new Map<string, ItemKey>();
    for (const key of group.flatMap((operation) => operation.keys)) {
      const name = cacheName(key);
      const cached = this.#cache.get(name);
      if (cached === undefined) missing.set(name, key);
      else items.set(name, () => cached.item);
    }
    if (missing.size === 0) return items;
    const values = await this.#table.read([...missing.values()]);
    let at = 0;
    for (const [name, key] of missing) {
      const value = values[at++];
      // Decoded by whoever asks: a damaged item fails its own operations, not the group.
      items.set(name, () => (value === undefined ? undefined : decodeItem(value, itemName(this.#table, key))));
    }
    return items;
  }

  #failGroup(group: readonly Waiting[], error: unknown): void {
    for (const operation of group) operation.reject(error);
    if (isLogError(error) && error.effect === "none") return;
    // What the disk holds is not known until the file is opened anew: no answer could be trusted.
    this.#stopped ??= new LogError("StoreUnavailable", `after a failed commit: ${messageOf(error)}`, { cause: error });
    for (const operation of this.#waiting.splice(0)) operation.reject(this.#stopped);
  }
}

/** Decides the operations one after another on `items`, and notes in `written` which of them changed. */
function decideAll(group: readonly Waiting[], items: GroupItems, written: Map<string, Written>): Decided[] {
  const decided: Decided[] = [];
  for (const operation of group) {
    try {
      const { outcome, writes } = operation.plan((key) => items.get(cacheName(key))?.());
      for (const { key, item } of writes) {
        const name = cacheName(key);
        items.set(name, () => item);
        written.set(name, { key, item });
      }
      decided.push({ operation, outcome });
    } catch (error) {
      operation.reject(error);
    }
  }
  return decided;
}

function rowOf({ key: { pk, sk }, item }: Written): RowWrite {
  return { pk, sk, value: item === undefined ? undefined : encodeItem(item) };
}
