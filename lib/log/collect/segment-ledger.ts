import type { Call } from "../../base/call.ts";
import { controlKey } from "../../storage/item-keys.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { parseSegmentKey, parseSegmentPieceKey } from "../../storage/object-keys.ts";
import { indexItemAt, indexItemsFrom } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import type { Candidate, Ledger } from "./candidate.ts";
import { raiseHorizon } from "./raise-horizon.ts";

/**
 * References to segments: from a partition's index items. Rolls, merges and compactions make them, and the control's
 * horizon ends that. A segment's item begins where its name says.
 */
export function segmentLedger(context: LogContext): Ledger {
  return {
    referred: (ref, candidates, call) => referredByIndex(context, ref, candidates, call),
    raise: (ref, stamp, call) =>
      raiseHorizon(context, controlKey(ref.topicId, ref.partition), { topicId: ref.topicId, stamp }, call),
  };
}

async function referredByIndex(
  context: LogContext,
  ref: PartitionRef,
  candidates: readonly Candidate[],
  call: Call,
): Promise<ReadonlySet<string>> {
  const names = new Set(candidates.map(({ name }) => name));
  const referred = new Set<string>();
  const note = (item: IndexItem | undefined): void => {
    if (item?.kind === "segment" && names.has(item.segment.objectKey)) referred.add(item.segment.objectKey);
  };
  const bases = candidates.map(({ name }) => (parseSegmentKey(name) ?? parseSegmentPieceKey(name))?.base ?? 0);
  const from = Math.min(...bases);
  note(await indexItemAt(context, ref, from, call));
  const range = { from, to: Math.max(...bases) + 1 };
  for await (const item of indexItemsFrom(context, ref, range, call)) note(item);
  return referred;
}
