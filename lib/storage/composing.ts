import type { ObjectStore } from "./object-store.ts";

/** A store's optional methods, bound to it; undefined where it has none. */
export interface Composing {
  readonly compose: Required<ObjectStore>["compose"] | undefined;
  readonly readUrl: Required<ObjectStore>["readUrl"] | undefined;
}

/** For wrappers, which have an optional method just when the store behind them has it. */
export function composingOf(store: ObjectStore): Composing {
  return { compose: store.compose?.bind(store), readUrl: store.readUrl?.bind(store) };
}
