import { invalidRequest } from "./invalid-request.ts";
import type { Change } from "./item-change.ts";
import { type Item, type ItemMap, type ItemValue, isMap, type Path, valueAt } from "./item-value.ts";
import { ownedValue } from "./owned-value.ts";

export interface Applied {
  /** The item afterwards, frozen, sharing what did not change; undefined when there still is none. */
  readonly item: Item | undefined;
  /** What an update answers with: the changed paths alone, with their new values. */
  readonly changed: Item;
}

type Draft = Record<string, ItemValue>;

/**
 * Applies changes that `checkUpdate` let pass. The item is left as it is. Fails with `InvalidRequest` where a
 * change does not fit what the item holds: a parent that is no map, a number that is none.
 */
export function applyChanges(item: Item | undefined, changes: readonly Change[]): Applied {
  if (item === undefined && changes.every((change) => change.kind === "remove" && change.path.length === 1)) {
    return { item: undefined, changed: Object.freeze({}) };
  }
  const next: Draft = { ...item };
  const changed: Draft = {};
  // Maps copied for this update: each is copied once, however many of its entries change.
  const copied = new Set<ItemMap>([next]);
  for (const change of changes) {
    const value = newValue(item, change);
    const parent = parentOf(next, change.path, copied);
    const name = change.path.at(-1) as string;
    if (value === undefined) {
      delete parent[name];
      continue;
    }
    parent[name] = value;
    changedParentOf(changed, change.path)[name] = value;
  }
  for (const map of copied) Object.freeze(map);
  return { item: next, changed: freezeNested(changed) };
}

function newValue(item: Item | undefined, change: Change): ItemValue | undefined {
  switch (change.kind) {
    case "set":
      return ownedValue(change.value, change.path.join("."), change.path.length);
    case "setFrom":
      return sum(numberAt(item, change.from), change.plus, change.path);
    case "add":
      return sum(valueAt(item, change.path) === undefined ? 0 : numberAt(item, change.path), change.by, change.path);
    case "remove":
      return undefined;
  }
}

function numberAt(item: Item | undefined, path: Path): number {
  const value = valueAt(item, path);
  if (typeof value !== "number") throw invalidRequest(`${path.join(".")} holds no number`);
  return value;
}

function sum(old: number, plus: number, path: Path): number {
  return ownedValue(old + plus, path.join(".")) as number;
}

/** The map that holds the path's last name, made our own copy on the way down. */
function parentOf(root: Draft, path: Path, copied: Set<ItemMap>): Draft {
  let parent = root;
  for (const name of path.slice(0, -1)) {
    const value = Object.hasOwn(parent, name) ? parent[name] : undefined;
    if (!isMap(value)) throw invalidRequest(`${path.join(".")}: ${name} is no map`);
    const own: Draft = copied.has(value) ? (value as Draft) : { ...value };
    copied.add(own);
    parent[name] = own;
    parent = own;
  }
  return parent;
}

function changedParentOf(root: Draft, path: Path): Draft {
  let parent = root;
  for (const name of path.slice(0, -1)) {
    parent[name] ??= {};
    parent = parent[name] as Draft;
  }
  return parent;
}

/** Freezes the maps made for the answer; the values below are frozen already. */
function freezeNested(map: Draft): Item {
  for (const value of Object.values(map)) if (isMap(value) && !Object.isFrozen(value)) freezeNested(value as Draft);
  return Object.freeze(map);
}
