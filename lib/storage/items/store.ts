import type { Item } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

/** Which store this is, and how its content is written. Bucket and table bear the same incarnation. */
export interface StoreIdentity {
  readonly incarnation: string;
  readonly format: number;
}

const VERSION = 1;

export function encodeStoreIdentity(identity: StoreIdentity): Item {
  return { v: VERSION, incarnation: identity.incarnation, format: identity.format };
}

export function decodeStoreIdentity(item: Item): StoreIdentity {
  const read = new AttributeReader(item, "store", VERSION);
  return { incarnation: read.text("incarnation"), format: read.number("format") };
}
