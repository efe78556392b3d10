import type { Item } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

const VERSION = 1;

/** Where a job of the maintenance goes on: what its run answered with as `next`. */
export function encodeMaintenancePlace(after: string): Item {
  return { v: VERSION, after };
}

export function decodeMaintenancePlace(item: Item): string {
  return new AttributeReader(item, "maintenance place", VERSION).text("after");
}
