import { LogError } from "../../base/errors.ts";
import { STAGED_ITEM_PKS } from "../../storage/item-keys.ts";

/** How far a collection has come; it goes through the kinds in this order. */
export type CollectionPlace =
  | { readonly kind: "objects"; readonly after: string }
  | { readonly kind: "items"; readonly shard: number; readonly after: string }
  | { readonly kind: "topics"; readonly after: string };

export const COLLECTION_START: CollectionPlace = { kind: "objects", after: "" };

/** The place after a batch that ended at `next`; undefined when the collection is through. */
export function placeAfter(place: CollectionPlace, next: string | undefined): CollectionPlace | undefined {
  if (next !== undefined) return { ...place, after: next };
  switch (place.kind) {
    case "objects":
      return { kind: "items", shard: 0, after: "" };
    case "items":
      if (place.shard + 1 < STAGED_ITEM_PKS.length) return { ...place, shard: place.shard + 1, after: "" };
      return { kind: "topics", after: "" };
    case "topics":
      return undefined;
  }
}

/** A place as a token that travels between requests. */
export function placeToken(place: CollectionPlace): string {
  return place.kind === "items" ? `items:${place.shard}:${place.after}` : `${place.kind}:${place.after}`;
}

const TOKEN = /^(?:(objects|topics):([\w./-]*)|items:(\d{1,2}):([\w-]*))$/;

/** `InvalidRequest` for what is no token. */
export function placeOfToken(token: string): CollectionPlace {
  const [, kind, after, shard, afterItem] = TOKEN.exec(token) ?? [];
  if (shard !== undefined && Number(shard) < STAGED_ITEM_PKS.length) {
    return { kind: "items", shard: Number(shard), after: afterItem ?? "" };
  }
  if (kind === "objects" || kind === "topics") return { kind, after: after ?? "" };
  throw new LogError("InvalidRequest", "not a place that a collection has told to go on from", { details: { token } });
}
