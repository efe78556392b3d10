import { utf8 } from "../base/bytes.ts";
import { type Item, type ItemKey, type ItemValue, isMap } from "./item-value.ts";

const KEY_NAMES_BYTES = 4;
const DOCUMENT_OVERHEAD_BYTES = 3;
const ELEMENT_OVERHEAD_BYTES = 1;

/**
 * An item's size in bytes by DynamoDB's arithmetic (developer guide, "DynamoDB item sizes and formats"): names
 * and strings in UTF-8; numbers about one byte per two significant digits plus one; maps and lists 3 bytes
 * plus 1 for each element.
 */
export function itemBytes(key: ItemKey, item: Item): number {
  let bytes = KEY_NAMES_BYTES + textBytes(key.pk) + textBytes(key.sk);
  for (const name of Object.keys(item)) bytes += textBytes(name) + valueBytes(item[name] as ItemValue);
  return bytes;
}

export function valueBytes(value: ItemValue): number {
  if (typeof value === "string") return textBytes(value);
  if (typeof value === "number") return numberBytes(value);
  if (typeof value === "boolean") return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  let bytes = DOCUMENT_OVERHEAD_BYTES;
  if (isMap(value)) {
    for (const name of Object.keys(value)) {
      bytes += ELEMENT_OVERHEAD_BYTES + textBytes(name) + valueBytes(value[name] as ItemValue);
    }
    return bytes;
  }
  for (const element of value) bytes += ELEMENT_OVERHEAD_BYTES + valueBytes(element);
  return bytes;
}

function numberBytes(value: number): number {
  const size = Math.abs(value);
  const digits = Number.isSafeInteger(size) ? digitsOfInteger(size) : digitsOfText(String(size));
  return Math.max(1, Math.ceil(digits / 2)) + 1 + (value < 0 ? 1 : 0);
}

/** Without the zeros at its end. By arithmetic: an item is measured at every write, and most numbers are whole. */
function digitsOfInteger(size: number): number {
  let digits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 10)) if (digits > 0 || rest % 10 !== 0) digits++;
  return digits;
}

function digitsOfText(text: string): number {
  return text
    .replace(/e.*$/, "")
    .replace(".", "")
    .replace(/^0+|0+$/g, "").length;
}

/** Bytes of a string in UTF-8. */
export function textBytes(text: string): number {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return utf8(text).byteLength;
  return text.length;
}
