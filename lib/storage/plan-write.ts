import { applyChanges } from "./apply-changes.ts";
import { conditionsHold } from "./check-conditions.ts";
import { invalidRequest } from "./invalid-request.ts";
import type { Change, Condition, TransactPart } from "./item-change.ts";
import { rememberImages, type WriteImages } from "./item-images.ts";
import { itemBytesMax, transactBytesMax } from "./item-limits.ts";
import { itemBytes } from "./item-size.ts";
import type { TransactOutcome, UpdateOutcome } from "./item-store.ts";
import type { Item, ItemKey } from "./item-value.ts";
import { ownedItem } from "./owned-value.ts";

/** What a store has to write: the item, or undefined to delete it. */
export interface Write {
  readonly key: ItemKey;
  readonly item: Item | undefined;
}

export interface Plan<Outcome> {
  readonly outcome: Outcome;
  readonly writes: readonly Write[];
}

const NOTHING: readonly Write[] = [];

/**
 * Decides an update, from arguments that `checkUpdate` let pass and the item as it stands. Pure: the store
 * carries out the writes, then answers with the outcome.
 */
export function planUpdate(
  key: ItemKey,
  changes: readonly Change[],
  conditions: readonly Condition[],
  current: Item | undefined,
): Plan<UpdateOutcome> {
  if (!conditionsHold(current, conditions)) return { outcome: { ok: false, current }, writes: NOTHING };
  const { item, changed } = applyChanges(current, changes);
  const outcome: UpdateOutcome = { ok: true, changed };
  rememberImages(outcome, [{ key, before: current, after: item }]);
  if (item === undefined) return { outcome, writes: NOTHING };
  checkItemBytes(key, item);
  return { outcome, writes: [{ key, item }] };
}

/** Decides a transaction that `checkTransact` let pass; `read` answers with an item as it stands. */
export function planTransact(
  parts: readonly TransactPart[],
  read: (key: ItemKey) => Item | undefined,
): Plan<TransactOutcome> {
  const currents = parts.map((part) => read(part.key));
  const failed: { part: number; current: Item | undefined }[] = [];
  for (const [part, { conditions }] of parts.entries()) {
    const current = currents[part];
    if (!conditionsHold(current, conditions)) failed.push({ part, current });
  }
  const images: WriteImages[] = [];
  const writes: Write[] = [];
  if (failed.length === 0) {
    for (const [at, part] of parts.entries()) {
      const before = currents[at];
      const after = imageAfter(part, before);
      images.push({ key: part.key, before, after });
      if (part.kind !== "check" && (before !== undefined || after !== undefined))
        writes.push({ key: part.key, item: after });
    }
    checkTransactBytes(writes);
  } else {
    for (const [at, part] of parts.entries()) images.push({ key: part.key, before: currents[at], after: currents[at] });
  }
  const outcome: TransactOutcome = failed.length === 0 ? { ok: true } : { ok: false, failed };
  rememberImages(outcome, images);
  return { outcome, writes };
}

function imageAfter(part: TransactPart, current: Item | undefined): Item | undefined {
  switch (part.kind) {
    case "update":
      return applyChanges(current, part.changes).item;
    case "put":
      return ownedItem(part.item, "a put");
    case "delete":
      return undefined;
    case "check":
      return current;
  }
}

function checkItemBytes(key: ItemKey, item: Item): number {
  const bytes = itemBytes(key, item);
  if (bytes > itemBytesMax) {
    throw invalidRequest(`the item would have ${bytes} bytes, at most ${itemBytesMax} are kept`, { ...key, bytes });
  }
  return bytes;
}

function checkTransactBytes(writes: readonly Write[]): void {
  let bytes = 0;
  for (const { key, item } of writes) if (item !== undefined) bytes += checkItemBytes(key, item);
  if (bytes > transactBytesMax) {
    throw invalidRequest(`a transaction of ${bytes} bytes, at most ${transactBytesMax} are taken`, { bytes });
  }
}
