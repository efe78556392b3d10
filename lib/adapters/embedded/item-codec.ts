import { LogError } from "../../base/errors.ts";
import { type Item, type ItemMap, type ItemValue, isMap } from "../../storage/item-value.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/**
 * An item as one blob. Counts, lengths and whole numbers are unsigned LEB128 varints; doubles are big-endian.
 *
 * | offset | size | meaning |
 * | --- | --- | --- |
 * | 0 | 1 | version, 1 |
 * | 1 | | the item as the body of a map |
 *
 * A map's body: count, then per entry the name (length, UTF-8) and a value. A value: one byte of type, then
 * its body: 1 string (length, UTF-8), 2 bytes (length, bytes), 3 whole number from 0, 4 whole number below 0
 * (its magnitude), 5 double (8 bytes), 6 false, 7 true, 8 list (count, values), 9 map.
 */
export const itemCodecVersion = 1;

const STRING = 1;
const BYTES = 2;
const WHOLE = 3;
const NEGATIVE = 4;
const DOUBLE = 5;
const FALSE = 6;
const TRUE = 7;
const LIST = 8;
const MAP = 9;

/** Deeper than any item can be: damage must not exhaust the stack. */
const DEPTH_MAX = 40;

const writer = new ByteWriter();

export function encodeItem(item: Item): Uint8Array {
  writer.reset();
  writer.byte(itemCodecVersion);
  writeMap(item);
  return writer.finish();
}

/** Fails with `StoreFormat` for a version that is not ours, with `CorruptItem` for what does not decode. */
export function decodeItem(blob: Uint8Array, what: string): Item {
  const reader = new ByteReader(blob, what);
  const version = reader.byte();
  if (version !== itemCodecVersion) {
    throw new LogError("StoreFormat", `${what} has version ${version}, this release reads ${itemCodecVersion}`);
  }
  const item = readMap(reader, 0);
  reader.end();
  return item;
}

function writeMap(map: ItemMap): void {
  const names = Object.keys(map);
  writer.varint(names.length);
  for (const name of names) {
    writer.text(name);
    writeValue(map[name] as ItemValue);
  }
}

function writeValue(value: ItemValue): void {
  switch (typeof value) {
    case "string":
      writer.byte(STRING);
      writer.text(value);
      return;
    case "number":
      writeNumber(value);
      return;
    case "boolean":
      writer.byte(value ? TRUE : FALSE);
      return;
    default:
      writeDocument(value);
  }
}

function writeNumber(value: number): void {
  if (!Number.isSafeInteger(value)) {
    writer.byte(DOUBLE);
    writer.double(value);
    return;
  }
  writer.byte(value < 0 ? NEGATIVE : WHOLE);
  writer.varint(Math.abs(value));
}

function writeDocument(value: Exclude<ItemValue, string | number | boolean>): void {
  if (value instanceof Uint8Array) {
    writer.byte(BYTES);
    writer.bytes(value);
  } else if (isMap(value)) {
    writer.byte(MAP);
    writeMap(value);
  } else {
    writer.byte(LIST);
    writer.varint(value.length);
    for (const element of value) writeValue(element);
  }
}

function readMap(reader: ByteReader, depth: number): ItemMap {
  if (depth > DEPTH_MAX) throw reader.corrupt("is nested too deeply");
  const map: Record<string, ItemValue> = {};
  for (let left = reader.count(); left > 0; left--) {
    const name = reader.text();
    // No item has it (`checkName`), and setting it would change what kind of object this is.
    if (name === "__proto__") throw reader.corrupt("holds a name that no item has");
    map[name] = readValue(reader, depth);
  }
  return Object.freeze(map);
}

function readList(reader: ByteReader, depth: number): readonly ItemValue[] {
  if (depth > DEPTH_MAX) throw reader.corrupt("is nested too deeply");
  const list: ItemValue[] = [];
  for (let left = reader.count(); left > 0; left--) list.push(readValue(reader, depth));
  return Object.freeze(list);
}

function readValue(reader: ByteReader, depth: number): ItemValue {
  const type = reader.byte();
  switch (type) {
    case STRING:
      return reader.text();
    case BYTES:
      return reader.bytes();
    case WHOLE:
      return reader.varint();
    case NEGATIVE:
      return -reader.varint();
    case DOUBLE:
      return reader.double();
    case FALSE:
      return false;
    case TRUE:
      return true;
    case LIST:
      return readList(reader, depth + 1);
    case MAP:
      return readMap(reader, depth + 1);
    default:
      throw reader.corrupt(`holds a value of type ${type}`);
  }
}
