import { commitStamp } from "../../base/ids.ts";
import { rollInputsMax, segmentCommitIdsMax } from "../../base/limits.ts";
import { indexItemBytes } from "../index-item-facts.ts";
import type { EntriesItem } from "../index-items.ts";

export interface RollLimits {
  /** Enough for a segment. */
  readonly bytes: number;
  /** Entries older than this are rolled even when they are few: a stamp, ms. */
  readonly olderThan: number;
}

/** What a roll has to choose from when some of it is damaged. */
export interface SoundRun {
  /** Damaged items in front of it, which a roll of it goes past. */
  readonly passed: readonly EntriesItem[];
  readonly items: readonly EntriesItem[];
  /** Damage follows it, so nothing will join it. */
  readonly closed: boolean;
}

/** The oldest neighbours that are sound: rolls go from the oldest on. */
export function oldestSoundRun(items: readonly EntriesItem[], isDamaged: (item: EntriesItem) => boolean): SoundRun {
  const first = items.findIndex((item) => !isDamaged(item));
  if (first === -1) return { passed: items, items: [], closed: false };
  const length = items.slice(first).findIndex(isDamaged);
  const closed = length !== -1;
  return { passed: items.slice(0, first), items: items.slice(first, closed ? first + length : undefined), closed };
}

/**
 * The oldest items that make one segment: up to the wanted bytes, or everything once the oldest is old enough.
 * Empty when it is better to wait.
 */
export function chooseRollInputs(
  { items, closed }: Pick<SoundRun, "items" | "closed">,
  limits: RollLimits,
): readonly EntriesItem[] {
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
  const enough = closed || bytes >= limits.bytes || chosen.length === rollInputsMax || chosen.length < items.length;
  return enough || isOld(chosen, limits.olderThan) ? chosen : [];
}

function isOld(items: readonly EntriesItem[], olderThan: number): boolean {
  const oldest = items[0]?.entries[0];
  return oldest !== undefined && commitStamp(oldest.id) <= olderThan;
}
