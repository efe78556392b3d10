import type { Call } from "../../base/call.ts";
import { commitStamp, type Stamp } from "../../base/ids.ts";
import type { Head } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { settledStamp } from "../forget-commits.ts";
import { indexItemBytes, newestTimeOf } from "../index-item-facts.ts";
import { indexItemAt, indexItemsFrom } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import type { Compaction } from "./compaction.ts";
import { within } from "./segment-records.ts";

/** What there is to compact. */
export interface Survey {
  /** Where compaction has to stop for now. */
  readonly end: number;
  readonly cleanBytes: number;
  readonly dirtyBytes: number;
  /** Records from the cleaned end on: as many keys at most. */
  readonly dirtyRecords: number;
  /** The newest commit id that is still told in the range; 0 without. */
  readonly newestId: Stamp;
}

export interface SurveyRange {
  readonly cleanedEnd: number;
  readonly lagMs: number;
  /** Bases of damaged items that are no obstacle. */
  readonly passedOver: ReadonlySet<number>;
}

/**
 * Looks at the index items from the log start on. Compaction stops at what is not a segment yet; at what is younger
 * than the topic's lag; at commits whose ids cannot be forgotten yet; and before the last item of a log whose tail is
 * empty: the newest record always stays, so that no reader waits below the high watermark for what will not come.
 */
export async function survey(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  { cleanedEnd, lagMs, passedOver }: SurveyRange,
  newCall: () => Call,
): Promise<Survey> {
  const youngest = lagMs > 0 ? context.runtime.clock.nowMs() - lagMs : Number.POSITIVE_INFINITY;
  const forgettable = Math.max(head.horizon, settledStamp(context));
  const found = { end: head.logStart, cleanBytes: 0, dirtyBytes: 0, dirtyRecords: 0, newestId: 0 as Stamp };
  for await (const item of itemsFrom(context, ref, { from: head.logStart, to: head.tailBase }, newCall)) {
    if (item.kind === "entries" && passedOver.has(item.base)) continue;
    if (item.kind === "entries" || item.end >= head.next || (newestTimeOf(item) ?? 0) > youngest) break;
    const newestId = newestIdOf(item);
    if (newestId > forgettable) break;
    if (newestId > found.newestId) found.newestId = newestId;
    const dirty = Math.min(1, Math.max(0, (item.end - cleanedEnd) / (item.end - item.base)));
    found.dirtyBytes += indexItemBytes(item) * dirty;
    found.cleanBytes += indexItemBytes(item) * (1 - dirty);
    if (dirty > 0 && item.kind === "segment") found.dirtyRecords += item.segment.records;
    found.end = item.end;
  }
  return found;
}

function newestIdOf(item: IndexItem): Stamp {
  if (item.kind !== "segment") return 0 as Stamp;
  return Math.max(0, ...item.segment.commits.map(({ id }) => commitStamp(id))) as Stamp;
}

/** The items that answer for a range, one after the other, as far as they tile it. */
export async function* itemsFrom(
  context: LogContext,
  ref: PartitionRef,
  { from, to }: { readonly from: number; readonly to: number },
  newCall: () => Call,
): AsyncGenerator<IndexItem> {
  if (from >= to) return;
  const first = await indexItemAt(context, ref, from, newCall());
  if (first === undefined) return;
  yield first;
  let end = first.end;
  for await (const item of indexItemsFrom(context, ref, { from: end, to }, newCall())) {
    if (item.base !== end) return;
    yield item;
    end = item.end;
  }
}

/** The item that answers for an offset, if that is below `to`. */
export async function itemAt(
  compaction: Pick<Compaction, "context" | "ref" | "call">,
  offset: number,
  to: number,
): Promise<IndexItem | undefined> {
  const { context, ref } = compaction;
  return offset < to ? indexItemAt(context, ref, offset, within(compaction)) : undefined;
}
