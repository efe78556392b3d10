import type { TransactOutcome, UpdateOutcome } from "./item-store.ts";
import type { Item, ItemKey } from "./item-value.ts";

/** One item before and after a write; the same twice when it was only looked at. */
export interface WriteImages {
  readonly key: ItemKey;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

const imagesByOutcome = new WeakMap<UpdateOutcome | TransactOutcome, readonly WriteImages[]>();

/**
 * Lets a store that has the images at hand tell them beside its answer, for whoever prices writes: DynamoDB
 * bills by the larger one. Kept out of the answer itself, which must be the same on every store.
 */
export function rememberImages(outcome: UpdateOutcome | TransactOutcome, images: readonly WriteImages[]): void {
  imagesByOutcome.set(outcome, images);
}

/** The images behind an answer; undefined when its store does not tell. */
export function imagesOf(outcome: UpdateOutcome | TransactOutcome): readonly WriteImages[] | undefined {
  return imagesByOutcome.get(outcome);
}
