import type { GroupContext } from "./group-context.ts";
import { GroupRunner } from "./group-runner.ts";
import { GroupStore } from "./group-store.ts";

/** What the use cases of groups are made of: one per broker; everything it holds may be lost at any time. */
export interface GroupParts {
  readonly context: GroupContext;
  readonly store: GroupStore;
  readonly runner: GroupRunner;
}

export function createGroupParts(context: GroupContext): GroupParts {
  const store = new GroupStore(context);
  return { context, store, runner: new GroupRunner(context, store) };
}
