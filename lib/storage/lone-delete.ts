import type { TransactPart } from "./item-change.ts";
import type { ItemKey } from "./item-value.ts";

/**
 * The item of a transaction that is nothing but one delete without conditions; undefined for any other. Done twice it
 * has the same effect as once, and it can be torn from nothing, so that no store need pay for a transaction.
 */
export function loneDeleteOf(parts: readonly TransactPart[]): ItemKey | undefined {
  const [part] = parts;
  return parts.length === 1 && part?.kind === "delete" && part.conditions.length === 0 ? part.key : undefined;
}
