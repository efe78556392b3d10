import { parseTopicId, type TopicId } from "../../../lib/base/ids.ts";
import type { TransactPart } from "../../../lib/storage/item-change.ts";
import { controlKey, headKey, STAGED_ITEM_PKS } from "../../../lib/storage/item-keys.ts";
import { decodeControl } from "../../../lib/storage/items/control.ts";
import { decodeHead } from "../../../lib/storage/items/head.ts";
import { decodeStagedItem } from "../../../lib/storage/items/staged-item.ts";
import { parseSegmentKey, parseSegmentPieceKey, parseStagedObjectKey } from "../../../lib/storage/object-keys.ts";
import { readStagedHeader } from "../../../lib/storage/staged-header.ts";
import type { History } from "../history.ts";
import { objectStoreWith } from "../planted/byte-bugs.ts";
import { itemStoreWith } from "../planted/item-store-with.ts";
import type { Stores } from "./stored-state.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };

/** What nobody may refer to any more once its owners' horizons have passed its stamp. */
interface Owned {
  readonly name: string;
  readonly stamp: number;
  readonly by: "head" | "control";
  readonly owners: readonly { readonly topicId: string; readonly partition: number }[];
}

/**
 * The stores, with an eye on deletions and on what comes to be referred to. Bytes go only when no open partition that
 * they name could refer to them any more, and what a partition has given up it does not refer to anew: a collector
 * may take it at any moment. Horizons, ends, log starts and epochs never go back. Nothing is judged once the items
 * are `lost`.
 */
export function watchedForSafety(history: History, stores: Stores, lost: () => boolean): Stores {
  const watch = new SafetyWatch(history, stores);
  const { objects, items } = stores;
  return {
    objects: objectStoreWith(objects, {
      delete: async (keys, call) => {
        if (!lost()) for (const key of keys) await watch.deletesObject(key);
        return objects.delete(keys, call);
      },
    }),
    items: itemStoreWith(items, {
      update: async (key, changes, conditions, call) => {
        const outcome = await items.update(key, changes, conditions, call);
        if (outcome.ok && (key.sk === "head" || key.sk === "control"))
          watch.numbers(`${key.pk} ${key.sk}`, outcome.changed);
        return outcome;
      },
      transact: async (parts, call) => {
        if (lost()) return items.transact(parts, call);
        const going = await watch.stagedItems(parts);
        const outcome = await items.transact(parts, call);
        if (!outcome.ok) return outcome;
        for (const owned of going) await watch.deletes(owned);
        for (const part of parts) await watch.refersTo(part);
        return outcome;
      },
    }),
  };
}

const NEVER_BACK = ["epoch", "next", "logStart", "horizon"] as const;

class SafetyWatch {
  readonly #history: History;
  readonly #stores: Stores;
  readonly #numbers = new Map<string, number>();

  constructor(history: History, stores: Stores) {
    this.#history = history;
    this.#stores = stores;
  }

  numbers(where: string, changed: Readonly<Record<string, unknown>>): void {
    for (const name of NEVER_BACK) {
      const now = changed[name];
      if (typeof now !== "number") continue;
      const before = this.#numbers.get(`${where} ${name}`) ?? 0;
      if (now < before) this.#history.report("Monotone", `${where}: ${name} went back from ${before} to ${now}`);
      this.#numbers.set(`${where} ${name}`, now);
    }
  }

  async deletesObject(key: string): Promise<void> {
    const segment = parseSegmentKey(key) ?? parseSegmentPieceKey(key);
    if (segment !== undefined) {
      await this.deletes({ name: key, stamp: segment.stamp, by: "control", owners: [segment] });
      return;
    }
    const staged = parseStagedObjectKey(key);
    const bytes = staged === undefined ? undefined : await this.#stores.objects.get(key, OPEN_ENDED);
    if (staged === undefined || bytes === undefined) return;
    await this.deletes({ name: key, stamp: staged.stamp, by: "head", owners: readStagedHeader(bytes, key) });
  }

  async stagedItems(parts: readonly TransactPart[]): Promise<readonly Owned[]> {
    const found: Owned[] = [];
    for (const { kind, key } of parts) {
      if (kind !== "delete" || !STAGED_ITEM_PKS.includes(key.pk)) continue;
      const item = await this.#stores.items.get(key, OPEN_ENDED);
      if (item === undefined) continue;
      const stamp = Number(key.sk.split("-")[0]);
      found.push({ name: `staged item ${key.sk}`, stamp, by: "head", owners: [decodeStagedItem(item)] });
    }
    return found;
  }

  async deletes({ name, stamp, by, owners }: Owned): Promise<void> {
    for (const { topicId, partition } of owners) {
      const horizon = await this.#horizon(topicId, partition, by);
      if (horizon === undefined || horizon >= stamp) continue;
      const where = `partition ${partition} of ${topicId}`;
      this.#history.report("GcSafe", `${name} is deleted while ${where} may still come to refer to it`);
    }
  }

  async refersTo(part: TransactPart): Promise<void> {
    if (part.kind !== "put" || typeof part.item.object !== "string") return;
    const name = parseSegmentKey(part.item.object);
    const horizon = name === undefined ? undefined : await this.#horizon(name.topicId, name.partition, "control");
    if (name === undefined || horizon === undefined || name.stamp > horizon) return;
    this.#history.report("GcSafe", `${part.key.pk} comes to refer to ${part.item.object}, which it has given up`);
  }

  /** Undefined where nobody can refer to anything any more. */
  async #horizon(id: string, partition: number, by: "head" | "control"): Promise<number | undefined> {
    const topicId = parseTopicId(id) as TopicId;
    const head = await this.#stores.items.get(headKey(topicId, partition), OPEN_ENDED);
    if (head === undefined || decodeHead(head).state !== "open") return undefined;
    if (by === "head") return decodeHead(head).horizon;
    const control = await this.#stores.items.get(controlKey(topicId, partition), OPEN_ENDED);
    return control === undefined ? undefined : decodeControl(control).horizon;
  }
}
