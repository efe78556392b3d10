import type { Call } from "../../../lib/base/call.ts";
import type { Change, Condition, TransactPart } from "../../../lib/storage/item-change.ts";
import type { ItemStore, TransactOutcome, UpdateOutcome } from "../../../lib/storage/item-store.ts";
import type { ItemKey } from "../../../lib/storage/item-value.ts";

/** One write of one item, alone or as a part of a transaction. */
export interface ItemWrite {
  readonly key: ItemKey;
  readonly changes: readonly Change[];
  readonly conditions: readonly Condition[];
}

/** `items` with some of its operations done otherwise. */
export function itemStoreWith(items: ItemStore, other: Partial<ItemStore>): ItemStore {
  return {
    get: (key, call, options) => items.get(key, call, options),
    getMany: (keys, call, options) => items.getMany(keys, call, options),
    query: (query, call) => items.query(query, call),
    update: (key, changes, conditions, call) => items.update(key, changes, conditions, call),
    transact: (parts, call) => items.transact(parts, call),
    ...other,
  };
}

/** `items` with every write passed through `edit` first. */
export function withEditedWrites(items: ItemStore, edit: (write: ItemWrite) => ItemWrite): ItemStore {
  return itemStoreWith(items, {
    update(key, changes, conditions, call): Promise<UpdateOutcome> {
      const edited = edit({ key, changes, conditions });
      return items.update(key, edited.changes, edited.conditions, call);
    },
    transact: (parts: readonly TransactPart[], call: Call): Promise<TransactOutcome> =>
      items.transact(
        parts.map((part) => editedPart(part, edit)),
        call,
      ),
  });
}

/** `items` that leaves out the conditions for which `left` answers true. */
export function withoutConditions(
  items: ItemStore,
  left: (condition: Condition, write: ItemWrite) => boolean,
): ItemStore {
  return withEditedWrites(items, (write) => ({
    ...write,
    conditions: write.conditions.filter((condition) => !left(condition, write)),
  }));
}

function editedPart(part: TransactPart, edit: (write: ItemWrite) => ItemWrite): TransactPart {
  const { changes, conditions } = edit({
    key: part.key,
    changes: part.kind === "update" ? part.changes : [],
    conditions: part.conditions,
  });
  return part.kind === "update" ? { ...part, changes, conditions } : { ...part, conditions };
}

export function names(condition: Condition, attribute: string): boolean {
  return "path" in condition && condition.path[0] === attribute;
}

/** A commit: a head's update that sets an entry. */
export function isCommit({ key, changes }: ItemWrite): boolean {
  return key.sk === "head" && changes.some((change) => change.kind === "set" && change.path[0] === "tail");
}

/** A trim: a head's update that moves the tail base. */
export function isTrim({ key, changes }: ItemWrite): boolean {
  return key.sk === "head" && changes.some((change) => change.path[0] === "tailBase");
}

/** A kill: a head's update that raises the horizon and nothing else. */
export function isKill({ key, changes }: ItemWrite): boolean {
  return key.sk === "head" && changes.every((change) => change.path[0] === "horizon");
}
