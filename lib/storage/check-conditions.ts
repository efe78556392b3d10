import { bytesEqual } from "../base/bytes.ts";
import type { Condition } from "./item-change.ts";
import { textBytes } from "./item-size.ts";
import { type Item, type ItemValue, isMap, valueAt } from "./item-value.ts";
import { compareUtf8 } from "./key-order.ts";

/** Whether all the conditions hold for the item (undefined: there is none). */
export function conditionsHold(item: Item | undefined, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => holds(item, condition));
}

function holds(item: Item | undefined, condition: Condition): boolean {
  switch (condition.kind) {
    case "itemExists":
      return item !== undefined;
    case "itemAbsent":
      return item === undefined;
    case "exists":
      return valueAt(item, condition.path) !== undefined;
    case "absent":
      return valueAt(item, condition.path) === undefined;
    case "equal":
      return valuesEqual(valueAt(item, condition.path), condition.value);
    case "less":
      return compare(valueAt(item, condition.path), condition.value) < 0;
    case "greater":
      return compare(valueAt(item, condition.path), condition.value) > 0;
    case "sizeLess":
      return sizeOf(valueAt(item, condition.path)) < condition.size;
  }
}

/** Below 0, 0, above 0; NaN, which is neither less nor greater, when they cannot be compared. */
function compare(value: ItemValue | undefined, other: number | string): number {
  if (typeof value === "number" && typeof other === "number") return value - other;
  if (typeof value === "string" && typeof other === "string") return compareUtf8(value, other);
  return Number.NaN;
}

function sizeOf(value: ItemValue | undefined): number {
  if (typeof value === "string") return textBytes(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return value.length;
  return isMap(value) ? Object.keys(value).length : Number.NaN;
}

/** Deep equality of two values; a value never equals one of another type. */
export function valuesEqual(a: ItemValue | undefined, b: ItemValue | undefined): boolean {
  if (a === b) return a !== undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && bytesEqual(a, b);
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((element, at) => valuesEqual(element, b[at]));
  }
  if (!isMap(a) || !isMap(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => valuesEqual(a[name], valueAt(b, [name])));
}
