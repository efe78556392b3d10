import { type Call, callWithin } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import { storeCallMsMax } from "../../base/limits.ts";
import { headKey, STAGED_ITEM_PKS } from "../../storage/item-keys.ts";
import type { ItemStore } from "../../storage/item-store.ts";
import type { KeyedItem } from "../../storage/item-value.ts";
import { decodeHead, type Head } from "../../storage/items/head.ts";
import type { ListedObject, ObjectStore } from "../../storage/object-store.ts";
import type { PartitionRef } from "../log-context.ts";
import type { Damage, Findings } from "./damage.ts";
import type { VerifyCursor } from "./verify-cursor.ts";

/** The two stores, as far as looking goes: a verification cannot change anything. */
export interface ReadableStores {
  readonly objects: Pick<ObjectStore, "get" | "list">;
  readonly items: Pick<ItemStore, "get" | "getMany" | "query">;
}

export interface VerifyProgress extends VerifyCursor {
  readonly topic: string;
  readonly highWatermark: number;
  readonly topicsDone: number;
  readonly topics: number;
  readonly bytes: number;
}

export interface VerifyTally {
  topics: number;
  partitions: number;
  indexItems: number;
  entries: number;
  segments: number;
  batches: number;
  records: number;
  bytes: number;
}

export interface VerifyOptions {
  readonly clock: Clock;
  /** Goes on where an earlier verification stopped. */
  readonly from?: VerifyCursor | undefined;
  /** Stops at the next item, with a cursor. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how far it has come, which is a place to go on from, too. */
  onProgress?(progress: VerifyProgress): void;
  /** Hears of each damage as it is found. */
  onDamage?(damage: Damage): void;
}

/** Staged items may have tens of kilobytes each. */
const STAGED_PAGE = 100;
/** Damages that a report lists; all are counted, and told as they are found. */
const DAMAGES_LISTED_MAX = 1000;

/** One verification under way: what it has seen, and what it has found. */
export class VerifyRun {
  readonly stores: ReadableStores;
  readonly tally: VerifyTally = {
    topics: 0,
    partitions: 0,
    indexItems: 0,
    entries: 0,
    segments: 0,
    batches: 0,
    records: 0,
    bytes: 0,
  };
  readonly damages: Damage[] = [];
  damageCount = 0;
  /** Staged bytes that entries refer to, by object key or item name. */
  readonly stagedObjects = new Set<string>();
  readonly stagedItems = new Set<string>();
  /** What nothing refers to: bytes on their way in, or left for the collector. No damage. */
  readonly unreferenced = { segments: 0, stagedObjects: 0, stagedItems: 0 };
  readonly #options: VerifyOptions;

  constructor(stores: ReadableStores, options: VerifyOptions) {
    this.stores = stores;
    this.#options = options;
  }

  get stopped(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** For one store operation. */
  readonly newCall = (): Call => callWithin(this.#options.clock, storeCallMsMax);

  /** The head as it stands now; undefined when there is none that can be read. */
  async headNow({ topicId, partition }: PartitionRef): Promise<Head | undefined> {
    const item = await this.stores.items.get(headKey(topicId, partition), this.newCall());
    try {
      return item === undefined ? undefined : decodeHead(item);
    } catch {
      return undefined;
    }
  }

  async *objectsUnder(prefix: string): AsyncGenerator<ListedObject> {
    let startAfter = "";
    for (let more = true; more; ) {
      const page = await this.stores.objects.list(prefix, this.newCall(), startAfter === "" ? {} : { startAfter });
      yield* page.objects;
      startAfter = page.objects.at(-1)?.key ?? "";
      more = page.more && startAfter !== "";
    }
  }

  async *stagedItemsListed(): AsyncGenerator<KeyedItem> {
    for (const pk of STAGED_ITEM_PKS) {
      for (let from = "", more = true; more; ) {
        const page = await this.stores.items.query({ pk, from, limit: STAGED_PAGE }, this.newCall());
        yield* page.items;
        more = page.more;
        from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
      }
    }
  }

  progress(progress: Omit<VerifyProgress, "bytes">): void {
    this.#options.onProgress?.({ ...progress, bytes: this.tally.bytes });
  }

  report(findings: Findings, where: Pick<Damage, "topic" | "partition"> = {}): void {
    for (const finding of findings) {
      const damage: Damage = { ...where, ...finding };
      this.damageCount++;
      if (this.damages.length < DAMAGES_LISTED_MAX) this.damages.push(damage);
      this.#options.onDamage?.(damage);
    }
  }
}
