/** What an attribute holds. Numbers are finite doubles; bytes and lists are never changed once stored. */
export type ItemValue =
  | string
  | number
  | boolean
  | Uint8Array
  | readonly ItemValue[]
  | { readonly [name: string]: ItemValue };

export type ItemMap = { readonly [name: string]: ItemValue };

/** An item's attributes, without its key. */
export type Item = ItemMap;

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export interface KeyedItem {
  readonly key: ItemKey;
  readonly item: Item;
}

/** An attribute, or an entry of a map attribute at any depth: `["tail", commitId]`. At least one name. */
export type Path = readonly [string, ...string[]];

export function isMap(value: ItemValue | undefined): value is ItemMap {
  return typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The value at a path; undefined where there is none, or something on the way is no map. */
export function valueAt(item: Item | undefined, path: Path): ItemValue | undefined {
  let value: ItemValue | undefined = item;
  for (const name of path) {
    if (!isMap(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
