import type { Item } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

/** A restore that is under way: what the store will be once it is done. */
export interface RestoreMark {
  readonly incarnation: string;
  readonly generation: number;
}

const VERSION = 1;

export const RESTORE = { incarnation: ["incarnation"] } as const;

export function encodeRestoreMark(mark: RestoreMark): Item {
  return { v: VERSION, incarnation: mark.incarnation, generation: mark.generation };
}

export function decodeRestoreMark(item: Item): RestoreMark {
  const read = new AttributeReader(item, "restore", VERSION);
  return { incarnation: read.text("incarnation"), generation: read.number("generation") };
}
