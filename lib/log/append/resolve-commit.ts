import { unreachable } from "../../base/assert.ts";
import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { type CommitId, commitStamp } from "../../base/ids.ts";
import { readAttemptsMax, storeUpdateMsMax } from "../../base/limits.ts";
import { absent, equal, less, set } from "../../storage/item-change.ts";
import { headKey } from "../../storage/item-keys.ts";
import { decodeHead, HEAD, type Head } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { tilingItems } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";

/** A commit whose answer was lost. */
export interface LostCommit {
  readonly id: CommitId;
  /** A tail base known before the attempt: if it landed, its id is in the tail or above this. */
  readonly tailBase: number;
}

export type CommitFate =
  | { readonly kind: "committed"; readonly base: number; readonly logStart: number }
  /** It has not happened and never will. */
  | { readonly kind: "dead" }
  | { readonly kind: "unknown" };

type Presence = { readonly kind: "found"; readonly base: number } | { readonly kind: "absent" | "unknown" };

/**
 * Finds out what became of a commit, instead of guessing: its id is looked for where it must be by now; if it
 * is nowhere, the head's horizon is raised to its stamp, so that the update, should it still be under way,
 * fails for ever.
 */
export async function resolveCommit(
  context: LogContext,
  ref: PartitionRef,
  lost: LostCommit,
  call: Call,
): Promise<CommitFate> {
  const stamp = commitStamp(lost.id);
  let examined = lost.tailBase;
  for (let attempt = 0; attempt < readAttemptsMax; attempt++) {
    const item = await context.items.get(headKey(ref.topicId, ref.partition), call);
    if (item === undefined) return { kind: "unknown" };
    const head = decodeHead(item);
    context.stamps.observe(head.horizon);
    const entry = head.tail.find((each) => each.id === lost.id);
    if (entry !== undefined) return { kind: "committed", base: entry.base, logStart: head.logStart };
    if (head.tailBase > examined) {
      const presence = await lookInIndex(context, ref, lost.id, { from: examined, to: head.tailBase }, call);
      if (presence.kind === "found") return { kind: "committed", base: presence.base, logStart: head.logStart };
      if (presence.kind === "unknown") return { kind: "unknown" };
      examined = head.tailBase;
    }
    if (head.horizon >= stamp || (await kill(context, ref, head, lost.id, call))) return { kind: "dead" };
  }
  return { kind: "unknown" };
}

/** True once the horizon is known to stand at the attempt's stamp while its id was nowhere. */
async function kill(context: LogContext, ref: PartitionRef, head: Head, id: CommitId, call: Call): Promise<boolean> {
  const stamp = commitStamp(id);
  const conditions = [
    equal(HEAD.topicId, ref.topicId),
    equal(HEAD.tailBase, head.tailBase),
    absent(HEAD.entry(id)),
    less(HEAD.horizon, stamp),
  ];
  context.runtime.meter.count("log.commit.kill");
  try {
    const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
    const key = headKey(ref.topicId, ref.partition);
    const outcome = await context.items.update(key, [set(HEAD.horizon, stamp)], conditions, within);
    if (outcome.ok) context.stamps.observe(stamp);
    return outcome.ok;
  } catch (error) {
    // Landed or not, the next look at the head tells.
    if (isLogError(error) && error.retriable) return false;
    throw error;
  }
}

async function lookInIndex(
  context: LogContext,
  ref: PartitionRef,
  id: CommitId,
  range: { readonly from: number; readonly to: number },
  call: Call,
): Promise<Presence> {
  const items = await tilingItems(context, ref, range, call);
  if (items === undefined) return { kind: "unknown" };
  for (const item of items) {
    const presence = lookInItem(item, id);
    if (presence.kind !== "absent") return presence;
  }
  return { kind: "absent" };
}

function lookInItem(item: IndexItem, id: CommitId): Presence {
  switch (item.kind) {
    case "entries": {
      const entry = item.entries.find((each) => each.id === id);
      return entry === undefined ? { kind: "absent" } : { kind: "found", base: entry.base };
    }
    case "segment": {
      const commit = item.segment.commits.find((each) => each.id === id);
      if (commit !== undefined) return { kind: "found", base: commit.base };
      return { kind: commitStamp(id) > item.segment.forgotten ? "absent" : "unknown" };
    }
    case "void":
      return { kind: "unknown" };
    default:
      return unreachable(item);
  }
}
