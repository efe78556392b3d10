import { commitStamp } from "../../base/ids.ts";
import { segmentCommitIdsMax, segmentMergesMax } from "../../base/limits.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { indexItemBytes, newestTimeOf } from "../index-item-facts.ts";

/** What merges work on: entries are the roll's. */
export type SettledItem = Exclude<IndexItem, { kind: "entries" }>;

export interface MergeLimits {
  /** A segment's wanted size; one of half of it or more is left as it is. */
  readonly bytes: number;
  /** Time between the newest records of its first and its last input: retention removes segments as a whole. */
  readonly spanMs: number;
  /** How many segments make one of the next level before their bytes do; at most 98. */
  readonly inputs: number;
}

export interface MergeChoice extends MergeLimits {
  /** Ids with stamps at or below it can be forgotten. */
  readonly forgettable: number;
  /** Segments to be left alone, by their objects' keys. */
  readonly passOver: Pick<ReadonlySet<string>, "has">;
}

/** Neighbours that may become one. */
interface Run {
  readonly items: SettledItem[];
  /** Nothing will be added to it any more. */
  closed: boolean;
}

/**
 * Neighbouring items that shall become one; empty when it is better to wait. They do when they reach the wanted size;
 * when there are as many of one level as may be merged at once; or when nothing will join them any more. A byte goes
 * through `segmentMergesMax` merges at most, so that what a log costs does not grow with its age.
 */
export function chooseMergeInputs(items: readonly SettledItem[], choice: MergeChoice): readonly SettledItem[] {
  for (const run of runsOf(items, choice)) {
    const chosen = reachingSize(run.items, choice) ?? closing(run, choice) ?? fullLevel(run.items, choice);
    if (chosen !== undefined) return chosen;
  }
  return [];
}

export function mergesOf(item: SettledItem): number {
  return item.kind === "segment" ? (item.segment.merges ?? 0) : 0;
}

function runsOf(items: readonly SettledItem[], choice: MergeChoice): Run[] {
  const runs: Run[] = [];
  let current: Run | undefined;
  let startedAtMs: number | undefined;
  for (const item of items) {
    const time = newestTimeOf(item);
    const finished = isFinished(item, choice);
    const apart = time !== undefined && startedAtMs !== undefined && Math.abs(time - startedAtMs) > choice.spanMs;
    if (current !== undefined && (finished || apart || current.items.at(-1)?.end !== item.base)) {
      current.closed = true;
      current = undefined;
      startedAtMs = undefined;
    }
    if (finished) continue;
    if (current === undefined) {
      current = { items: [], closed: false };
      runs.push(current);
    }
    current.items.push(item);
    startedAtMs ??= time;
  }
  return runs;
}

/** It has its size, or may not be merged any more. */
export function isFinished(item: SettledItem, { bytes, passOver }: MergeChoice): boolean {
  if (item.kind === "void") return false;
  const { segment } = item;
  return segment.bytes >= bytes / 2 || mergesOf(item) >= segmentMergesMax || passOver.has(segment.objectKey);
}

/** The first window that has the wanted size. */
function reachingSize(items: readonly SettledItem[], choice: MergeChoice): readonly SettledItem[] | undefined {
  let left = bytesOf(items);
  for (let start = 0; left >= choice.bytes; start++) {
    const window = windowFrom(items, start, choice);
    if (window.length > 1 && bytesOf(window) >= choice.bytes) return window;
    left -= indexItemBytes(items[start] as SettledItem);
  }
  return undefined;
}

function bytesOf(items: readonly SettledItem[]): number {
  return items.reduce((sum, item) => sum + indexItemBytes(item), 0);
}

function closing({ items, closed }: Run, choice: MergeChoice): readonly SettledItem[] | undefined {
  if (!closed) return undefined;
  const window = windowFrom(items, 0, choice);
  return window.length > 1 ? window : undefined;
}

/** So many neighbours of one level that they are merged at once. */
function fullLevel(items: readonly SettledItem[], choice: MergeChoice): readonly SettledItem[] | undefined {
  let start = 0;
  for (const [at, item] of items.entries()) {
    if (mergesOf(item) !== mergesOf(items[start] as SettledItem)) start = at;
    if (at - start + 1 < choice.inputs) continue;
    const window = windowFrom(items, start, choice);
    return window.length > 1 ? window : undefined;
  }
  return undefined;
}

/** From one item on: up to the wanted size, the number of inputs, and the ids that one item may carry. */
function windowFrom(items: readonly SettledItem[], start: number, choice: MergeChoice): readonly SettledItem[] {
  let bytes = 0;
  let ids = 0;
  let end = start;
  for (; end < items.length && end - start < choice.inputs && bytes < choice.bytes; end++) {
    const item = items[end] as SettledItem;
    ids += idsKept(item, choice.forgettable);
    if (ids > segmentCommitIdsMax) break;
    bytes += indexItemBytes(item);
  }
  return items.slice(start, end);
}

function idsKept(item: SettledItem, forgettable: number): number {
  if (item.kind === "void") return 0;
  return item.segment.commits.filter(({ id }) => commitStamp(id) > forgettable).length;
}
