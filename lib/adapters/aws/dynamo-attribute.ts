import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { plainView } from "../../base/bytes.ts";
import { LogError } from "../../base/errors.ts";
import { invalidRequest } from "../../storage/invalid-request.ts";
import {
  type Item,
  type ItemKey,
  type ItemMap,
  type ItemValue,
  isMap,
  type KeyedItem,
} from "../../storage/item-value.ts";

export type Attributes = Record<string, AttributeValue>;

/** The table's key: both strings. Not to be used as attributes' names. */
export const PARTITION_KEY = "pk";
export const SORT_KEY = "sk";

/** DynamoDB's range of numbers' magnitudes (developer guide, "Supported data types"). */
const NUMBER_MIN = 1e-130;
const NUMBER_END = 1e126;

export function keyAttributes(key: ItemKey): Attributes {
  return { [PARTITION_KEY]: { S: key.pk }, [SORT_KEY]: { S: key.sk } };
}

export function itemAttributes(key: ItemKey, item: Item): Attributes {
  return { ...mapAttributes(item), ...keyAttributes(key) };
}

/** A value that `ownedValue` let pass, as DynamoDB takes it. */
export function attributeOf(value: ItemValue): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: numberText(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value instanceof Uint8Array) return { B: value };
  if (isMap(value)) return { M: mapAttributes(value) };
  return { L: value.map(attributeOf) };
}

function mapAttributes(map: ItemMap): Attributes {
  const attributes: Attributes = {};
  for (const name of Object.keys(map)) attributes[name] = attributeOf(map[name] as ItemValue);
  return attributes;
}

function numberText(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < NUMBER_MIN || magnitude >= NUMBER_END)) {
    throw invalidRequest(`${value} lies outside of the numbers that DynamoDB keeps`);
  }
  return String(value);
}

/** An item's attributes without its key, frozen; undefined when there was no item. */
export function itemOf(attributes: Attributes | undefined): Item | undefined {
  if (attributes === undefined || Object.keys(attributes).length === 0) return undefined;
  const item: Record<string, ItemValue> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    if (name !== PARTITION_KEY && name !== SORT_KEY) item[name] = valueIn(attribute);
  }
  return Object.freeze(item);
}

export function keyOf(attributes: Attributes): ItemKey {
  return { pk: attributes[PARTITION_KEY]?.S ?? "", sk: attributes[SORT_KEY]?.S ?? "" };
}

export function keyedItemOf(attributes: Attributes): KeyedItem {
  return { key: keyOf(attributes), item: itemOf(attributes) ?? {} };
}

function valueIn(attribute: AttributeValue): ItemValue {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.B !== undefined) return plainView(attribute.B);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.L !== undefined) return Object.freeze(attribute.L.map(valueIn));
  if (attribute.M !== undefined) {
    const entries = Object.entries(attribute.M).map(([name, entry]) => [name, valueIn(entry)] as const);
    return Object.freeze(Object.fromEntries(entries));
  }
  // Sets and null: never written here.
  throw new LogError("CorruptItem", `an attribute of a type that is not ours: ${Object.keys(attribute).join()}`);
}
