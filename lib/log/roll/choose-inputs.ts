import { commitStamp } from "../../base/ids.ts";
import { rollInputsMax, segmentCommitIdsMax } from "../../base/limits.ts";
import { indexItemBytes } from "../index-item-facts.ts";
import type { EntriesItem } from "./unrolled-items.ts";

export interface RollLimits {
  /** Enough for a segment. */
  readonly bytes: number;
  /** Entries older than this are rolled even when they are few: a stamp, ms. */
  readonly olderThan: number;
}

/**
 * The oldest items that make one segment: up to the wanted bytes, or everything once the oldest is old enough.
 * Empty when it is better to wait.
 */
export function chooseRollInputs(items: readonly EntriesItem[], limits: RollLimits): readonly EntriesItem[] {
  const chosen: EntriesItem[] = [];
  let bytes = 0;
  let commits = 0;
  for (const item of items) {
    const full = bytes >= limits.bytes || chosen.length === rollInputsMax;
    if (full || (chosen.length > 0 && commits + item.entries.length > segmentCommitIdsMax)) break;
    chosen.push(item);
    bytes += indexItemBytes(item);
    commits += item.entries.length;
  }
  const enough = bytes >= limits.bytes || chosen.length === rollInputsMax || chosen.length < items.length;
  return enough || isOld(chosen, limits.olderThan) ? chosen : [];
}

function isOld(items: readonly EntriesItem[], olderThan: number): boolean {
  const oldest = items[0]?.entries[0];
  return oldest !== undefined && commitStamp(oldest.id) <= olderThan;
}
