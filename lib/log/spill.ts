import { type Call, callWithin } from "../base/call.ts";
import { isLogError } from "../base/errors.ts";
import { readAttemptsMax, storeUpdateMsMax } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import { add, type Change, equal, itemAbsent, remove, set } from "../storage/item-change.ts";
import { controlKey, headKey, indexKey } from "../storage/item-keys.ts";
import { CONTROL, decodeControl } from "../storage/items/control.ts";
import { HEAD, type Head, type TailEntry } from "../storage/items/head.ts";
import { encodeIndexItem } from "../storage/items/index-item.ts";
import type { LogContext, PartitionRef } from "./log-context.ts";
import { openHead, readHead } from "./read-head.ts";

/** Entries that one spill moves: more would not fit the trim's expression. */
const SPILL_ENTRIES_MAX = 120;

export interface Spilled {
  /** The tail's first offset now. */
  readonly tailBase: number;
  /** Entries that this call trimmed. */
  readonly entries: number;
}

/**
 * Moves the tail into an index item: one transaction advances the control's spilled end and puts the item, then
 * the head is trimmed of exactly those entries. Whoever finds the spill done trims with the winner's end, so any
 * number of brokers may do it at once, and one that dies between the two is finished by the next.
 */
export async function spill(context: LogContext, ref: PartitionRef, call: Call, seen?: Head): Promise<Spilled> {
  let head = seen ?? (await readHead(context, ref, call));
  let spilledEnd = await spillTail(context, ref, head, call);
  for (let attempt = 0; attempt < readAttemptsMax; attempt++) {
    spilledEnd ??= await readSpilledEnd(context, ref, call);
    if (spilledEnd === undefined || spilledEnd <= head.tailBase) return { tailBase: head.tailBase, entries: 0 };
    // The winner may have read the head later than this one: trim only what names all that was spilled.
    const complete = head.next >= spilledEnd;
    const trimmed = complete ? await trim(context, ref, head, spilledEnd, call) : undefined;
    if (trimmed !== undefined) return trimmed;
    head = await readHead(context, ref, call);
  }
  return { tailBase: head.tailBase, entries: 0 };
}

/** The new spilled end when the transaction is known to have happened; undefined: look at the control. */
async function spillTail(context: LogContext, ref: PartitionRef, head: Head, call: Call): Promise<number | undefined> {
  const entries = head.tail.slice(0, SPILL_ENTRIES_MAX);
  if (entries.length === 0) return undefined;
  const end = head.tail[entries.length]?.base ?? head.next;
  const item = encodeIndexItem({
    kind: "entries",
    base: head.tailBase,
    end,
    tag: randomName(context.runtime.random, 12),
    entries,
  });
  context.runtime.meter.count("log.spill");
  try {
    const outcome = await context.items.transact(
      [
        {
          kind: "update",
          key: controlKey(ref.topicId, ref.partition),
          changes: [set(CONTROL.spilledEnd, end)],
          conditions: [equal(CONTROL.topicId, ref.topicId), equal(CONTROL.spilledEnd, head.tailBase)],
        },
        { kind: "put", key: indexKey(ref.topicId, ref.partition, head.tailBase), item, conditions: [itemAbsent] },
      ],
      callWithin(context.runtime.clock, storeUpdateMsMax, call),
    );
    return outcome.ok ? end : undefined;
  } catch (error) {
    // Happened or not, the control tells: the transaction can happen at most once, under its condition.
    if (isLogError(error) && error.retriable) return undefined;
    throw error;
  }
}

async function readSpilledEnd(context: LogContext, ref: PartitionRef, call: Call): Promise<number | undefined> {
  const control = await context.items.get(controlKey(ref.topicId, ref.partition), call);
  return control === undefined ? undefined : decodeControl(control).spilledEnd;
}

/** Removes from the head, by name, what the index holds. Undefined: the head had moved, look again. */
async function trim(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  spilledEnd: number,
  call: Call,
): Promise<Spilled | undefined> {
  const spilled = head.tail.filter((entry) => entry.base < spilledEnd);
  try {
    const outcome = await context.items.update(
      headKey(ref.topicId, ref.partition),
      trimChanges(spilled, spilledEnd),
      [equal(HEAD.topicId, ref.topicId), equal(HEAD.tailBase, head.tailBase)],
      callWithin(context.runtime.clock, storeUpdateMsMax, call),
    );
    if (outcome.ok) return { tailBase: spilledEnd, entries: spilled.length };
    openHead(context, ref, outcome.current);
    return undefined;
  } catch (error) {
    if (isLogError(error) && error.retriable && error.code !== "UnknownTopicOrPartition") return undefined;
    throw error;
  }
}

function trimChanges(spilled: readonly TailEntry[], spilledEnd: number): Change[] {
  const changes: Change[] = [set(HEAD.tailBase, spilledEnd)];
  let bytes = 0;
  for (const entry of spilled) {
    changes.push(remove(HEAD.entry(entry.id)), remove(HEAD.base(entry.id)));
    bytes += entry.packed.byteLength;
  }
  changes.push(add(HEAD.tailCount, -spilled.length), add(HEAD.tailBytes, -bytes));
  return changes;
}
