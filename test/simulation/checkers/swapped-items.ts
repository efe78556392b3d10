import { type CommitId, commitStamp } from "../../../lib/base/ids.ts";
import type { IndexItem } from "../../../lib/storage/items/index-item.ts";
import type { History } from "../history.ts";

/** One index item that took the place of others. */
export interface Swapped {
  readonly where: string;
  /** How many items it was made of. */
  readonly inputs: number;
  /** What stood in their places, in order. */
  readonly before: readonly IndexItem[];
  readonly after: IndexItem;
  /** The head's, right after it. */
  readonly headHorizon: number;
}

/** What does not depend on bytes: the offsets that are answered for, and the commits that can be looked for. */
export function checkSwapped(history: History, swapped: Swapped): void {
  checkRange(history, swapped);
  checkCommits(history, swapped);
}

/**
 * An item that was not replaced, or was longer by then, stands beside the new one. One that is not there any more
 * has been replaced meanwhile: what was made of it undoes that.
 */
function checkRange(history: History, { where, inputs, before, after }: Swapped): void {
  if (before.length < inputs)
    history.report("Tiling", `${where}: of ${inputs} items that it takes the place of ${before.length} are there`);
  let end = after.base;
  for (const item of before) {
    if (item.base !== end) history.report("Tiling", `${where}: what it replaces lacks ${end} to ${item.base}`);
    end = item.end;
  }
  if (end !== after.end) history.report("Tiling", `${where}: what it replaces ends at ${end}`);
}

/**
 * The new item tells of every commit, or up to which stamp it does not, and none so old can land any more: else one
 * whose answer was lost is looked for in vain, taken for dead though it was appended, and appended again.
 */
function checkCommits(history: History, { where, before, after, headHorizon }: Swapped): void {
  // A void answers for nothing: whoever looks for a commit there learns that it cannot be known.
  if (after.kind !== "segment") return;
  const { commits, forgotten } = after.segment;
  if (forgotten > headHorizon)
    history.report("OnceOnly", `${where}: commits up to ${forgotten} are forgotten, the horizon is ${headHorizon}`);
  const told = new Set(commits.map(({ id }) => id));
  const untold = before.flatMap(commitIds).find((id) => commitStamp(id) > forgotten && !told.has(id));
  if (untold !== undefined) history.report("OnceOnly", `${where}: nothing tells of commit ${untold} any more`);
}

function commitIds(item: IndexItem): readonly CommitId[] {
  if (item.kind === "entries") return item.entries.map(({ id }) => id);
  return item.kind === "segment" ? item.segment.commits.map(({ id }) => id) : [];
}
