import { invalidRequest } from "./invalid-request.ts";
import { attributeNameBytesMax, itemDepthMax } from "./item-limits.ts";
import { textBytes } from "./item-size.ts";
import { type Item, type ItemMap, type ItemValue, isMap } from "./item-value.ts";

/** The adapters' own attribute names for the key. */
const KEY_NAMES: readonly string[] = ["pk", "sk"];

/**
 * A frozen copy of a value, checked on the way, that shares nothing with the caller: small bytes cut from a
 * large request would otherwise keep the whole request alive, and a caller's later change would reach the store.
 */
export function ownedValue(value: ItemValue, where: string, depth = 1): ItemValue {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw invalidRequest(`${where}: not a well-formed string`);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw invalidRequest(`${where}: ${value} is not a finite number`);
      // No store tells -0 from 0.
      return value === 0 ? 0 : value;
    case "boolean":
      return value;
    default:
      return ownedDocument(value, where, depth);
  }
}

/** As `ownedValue`, for all of an item's attributes. */
export function ownedItem(item: Item, where: string): Item {
  if (!isMap(item)) throw invalidRequest(`${where}: not an item`);
  return ownedMap(item, where, 0);
}

/** Refuses names that some store or expression cannot carry. */
export function checkName(name: string, where: string, depth: number): void {
  if (name === "" || name === "__proto__" || !name.isWellFormed() || textBytes(name) > attributeNameBytesMax) {
    throw invalidRequest(`${where}: not an attribute name: ${JSON.stringify(name.slice(0, attributeNameBytesMax))}`);
  }
  if (depth === 0 && KEY_NAMES.includes(name)) throw invalidRequest(`${where}: ${name} names a part of the key`);
}

function ownedDocument(value: Exclude<ItemValue, string | number | boolean>, where: string, depth: number): ItemValue {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (depth > itemDepthMax) throw invalidRequest(`${where}: deeper than ${itemDepthMax} levels`);
  if (Array.isArray(value)) {
    return Object.freeze(value.map((element: ItemValue) => ownedValue(element, where, depth + 1)));
  }
  if (isMap(value)) return ownedMap(value, where, depth);
  throw invalidRequest(`${where}: holds what no store can keep`);
}

function ownedMap(map: ItemMap, where: string, depth: number): ItemMap {
  const copy: Record<string, ItemValue> = {};
  for (const name of Object.keys(map)) {
    checkName(name, where, depth);
    copy[name] = ownedValue(map[name] as ItemValue, where, depth + 1);
  }
  return Object.freeze(copy);
}
