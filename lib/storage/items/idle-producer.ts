import type { Item } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

const VERSION = 1;

/** A producer's packed state while it is not in the head (`producer-state.ts`). */
export function encodeIdleProducer(packed: Uint8Array): Item {
  return { v: VERSION, state: packed };
}

export function decodeIdleProducer(item: Item): Uint8Array {
  return new AttributeReader(item, "idle producer", VERSION).bytes("state");
}
