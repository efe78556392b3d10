import { assert } from "../../base/assert.ts";
import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import { absent, type Condition, equal, set } from "../../storage/item-change.ts";
import { controlKey } from "../../storage/item-keys.ts";
import { CONTROL, decodeControl } from "../../storage/items/control.ts";
import { forgetUpTo } from "../forget-commits.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import type { DamagedNames } from "../merge/damaged-segment.ts";
import { partitionGone, readHead } from "../read-head.ts";
import { cleanItems } from "./clean-items.ts";
import type { Compaction, CompactionFigures, CompactionRules } from "./compaction.ts";
import { fillKeyMap } from "./fill-key-map.ts";
import { KeyMap } from "./key-map.ts";
import { type Survey, survey } from "./survey.ts";

export interface Compacted extends CompactionFigures {
  /** No key stands twice below it. */
  readonly cleanedEnd: number;
  readonly passes: number;
  /** Memory that the keys took. */
  readonly keysBytes: number;
  /** False when something was in the way: a damaged segment, another compaction, or the caller's time. */
  readonly complete: boolean;
}

export interface CompactionOptions {
  readonly rules: CompactionRules;
  readonly damaged: DamagedNames;
  readonly giveWay: () => Promise<void>;
}

/**
 * Compacts a partition if it is worth it: of each key the last record stays, at its offset. Works through the log in
 * passes, each with as many keys as fit into memory; each item that holds something superfluous is replaced by one
 * without it, in one transaction, so the log can be read at any moment, and any number of brokers may do it at once,
 * beside merges, rolls and retention. Undefined when there is nothing to do.
 */
export async function compactPartition(
  context: LogContext,
  ref: PartitionRef,
  options: CompactionOptions,
  call: Call,
): Promise<Compacted | undefined> {
  const { rules } = options;
  const nowMs = context.runtime.clock.nowMs();
  const newCall = (): Call => callWithin(context.runtime.clock, serviceCallMsDefault, call);
  const control = await readControl(context, ref, newCall());
  const surveyed = await readHead(context, ref, newCall());
  const passedOver: ReadonlySet<number> = new Set(control.passedOver);
  const cleanedEnd = Math.max(control.cleanedEnd, surveyed.logStart);
  const range = { cleanedEnd, lagMs: rules.minCompactionLagMs, passedOver };
  const found = await survey(context, ref, surveyed, range, newCall);
  const due = control.tombstonesDueMs > 0 && control.tombstonesDueMs <= nowMs;
  if (found.end <= surveyed.logStart || !(due || isWorthIt(found, rules))) return undefined;
  // Read after the items: its horizon is at least what any of them has forgotten.
  const head = await readHead(context, ref, newCall());
  const forgotten = await forgetUpTo(context, ref, head, found.newestId, newCall());
  if (forgotten < found.newestId) return undefined;
  const uncached = { ...context, settings: { ...context.settings, readBlockBytes: 0 } };
  const compaction: Compaction = { ...options, context: uncached, ref, call, nowMs, forgotten, passedOver };
  return passes(compaction, { ...control, from: head.logStart, start: range.cleanedEnd }, found);
}

function isWorthIt({ dirtyBytes, cleanBytes }: Survey, { minDirtyRatio }: CompactionRules): boolean {
  return dirtyBytes > 0 && dirtyBytes / (dirtyBytes + cleanBytes) > minDirtyRatio;
}

interface Progress {
  /** As the control has it. */
  readonly cleanedEnd: number;
  /** The log start. */
  readonly from: number;
  /** From where on keys have to be taken in. */
  readonly start: number;
}

async function passes(compaction: Compaction, progress: Progress, found: Survey): Promise<Compacted> {
  const { settings } = compaction.context;
  const figures = { records: 0, bytesRead: 0, bytesWritten: 0, removedRecords: 0, tombstonesDueMs: 0 };
  let { cleanedEnd: stored } = progress;
  let cleanedEnd = progress.start;
  const map = new KeyMap(cleanedEnd, found.dirtyRecords, settings.compactionKeysBytesMax);
  for (let count = 1; ; count++) {
    const filled = await fillKeyMap(compaction, map, Math.max(cleanedEnd, found.end), figures);
    assert(filled.end > cleanedEnd || !filled.complete || found.end <= cleanedEnd, "a pass takes in one key at least");
    figures.tombstonesDueMs = Number.POSITIVE_INFINITY;
    figures.records += map.size;
    const pass = { end: filled.end, cleanedEnd, latest: (key: Uint8Array) => map.get(key) };
    const cleaned = await cleanItems(compaction, pass, progress.from, figures);
    const complete = cleaned && filled.complete && (await noteProgress(compaction, stored, pass.end, figures));
    if (!complete || pass.end >= found.end) {
      return { ...figures, cleanedEnd: pass.end, passes: count, keysBytes: map.bytes, complete };
    }
    stored = pass.end;
    cleanedEnd = pass.end;
    map.restart(cleanedEnd);
  }
}

/** Moves the cleaned end forward from where it was found. False when another compaction has. */
async function noteProgress(
  compaction: Compaction,
  stored: number,
  cleanedEnd: number,
  { tombstonesDueMs }: CompactionFigures,
): Promise<boolean> {
  const { context, ref, call } = compaction;
  const unmoved: Condition = stored === 0 ? absent(CONTROL.cleanedEnd) : equal(CONTROL.cleanedEnd, stored);
  const changes = [
    set(CONTROL.cleanedEnd, cleanedEnd),
    set(CONTROL.tombstonesDueMs, tombstonesDueMs === Number.POSITIVE_INFINITY ? 0 : tombstonesDueMs),
  ];
  try {
    const key = controlKey(ref.topicId, ref.partition);
    const within = callWithin(context.runtime.clock, serviceCallMsDefault, call);
    return (await context.items.update(key, changes, [equal(CONTROL.topicId, ref.topicId), unmoved], within)).ok;
  } catch (error) {
    // Noted or not: the next compaction sees.
    if (isLogError(error) && error.retriable) return false;
    throw error;
  }
}

async function readControl(context: LogContext, ref: PartitionRef, call: Call) {
  const item = await context.items.get(controlKey(ref.topicId, ref.partition), call);
  if (item === undefined) throw partitionGone(ref);
  return decodeControl(item);
}
