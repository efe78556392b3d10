import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import { forgetCommits, settledStamp } from "../forget-commits.ts";
import { indexItemAt } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import type { SegmentItem } from "../read/segment-bytes.ts";
import { readHead } from "../read-head.ts";
import { SegmentWriter } from "../segment-writer.ts";
import { swapIndexItems } from "../swap-index-items.ts";
import { chooseMergeInputs, type MergeLimits, type SettledItem } from "./choose-merge-inputs.ts";
import { type DamagedNames, DamagedSegmentError } from "./damaged-segment.ts";
import { mergedReference } from "./merged-reference.ts";
import { planTransport } from "./plan-transport.ts";
import { isComplete, readInput } from "./read-input.ts";
import { youngItems } from "./young-items.ts";

export interface Merged {
  /** Index items that one took the place of; 0 when there was nothing to do, or another was faster. */
  readonly inputs: number;
  readonly bytes: number;
}

const NOTHING: Merged = { inputs: 0, bytes: 0 };

/**
 * Merges neighbouring segments of a partition into one, if some are worth it. Any number of brokers may do it at once,
 * beside rolls, compaction and retention: the swap demands that every item is what was read. A damaged segment is
 * reported, left as it is, and added to `damaged`, which the caller keeps so that it is not tried again and again;
 * the others are merged around it.
 */
export async function mergePartition(
  context: LogContext,
  ref: PartitionRef,
  limits: MergeLimits,
  damaged: DamagedNames,
  call: Call,
): Promise<Merged> {
  for (;;) {
    const head = await readHead(context, ref, within(context, call));
    const range = { from: head.logStart, to: head.tailBase };
    const choice = {
      ...limits,
      forgettable: Math.max(head.horizon, settledStamp(context)),
      passOver: damaged,
    };
    const items = await youngItems(context, ref, range, choice, within(context, call));
    const inputs = chooseMergeInputs(items, choice);
    if (inputs.length === 0) return NOTHING;
    try {
      return await mergeItems(context, ref, inputs, call);
    } catch (error) {
      if (!(error instanceof DamagedSegmentError)) throw error;
      if (!(await stillReferred(context, ref, inputs, error, call))) return NOTHING;
      damaged.add(error.objectKey);
      context.runtime.meter.count("log.segment.damaged");
      context.runtime.logger.error("a damaged segment is left as it is", { ...ref, ...error.details });
    }
  }
}

async function mergeItems(
  context: LogContext,
  ref: PartitionRef,
  inputs: readonly SettledItem[],
  call: Call,
): Promise<Merged> {
  const { meter } = context.runtime;
  const segments = inputs.filter((item) => item.kind === "segment");
  const base = inputs[0]?.base ?? 0;
  const end = inputs.at(-1)?.end ?? 0;
  const stamp = context.stamps.next();
  if (segments.length === 0) {
    const done = await swapIndexItems(context, ref, { inputs, content: { kind: "void" }, stamp }, call);
    return done ? { inputs: inputs.length, bytes: 0 } : NOTHING;
  }
  const ids = segments.flatMap(({ segment }) => segment.commits.map(({ id }) => id));
  // Read after the items: its horizon is at least what any of them, a void too, has forgotten.
  const head = await readHead(context, ref, within(context, call));
  const forgotten = await forgetCommits(context, ref, head, ids, call);
  const written = await writeMerged(context, new SegmentWriter(context, { ref, base, end, stamp }), segments, call);
  meter.count("log.merge.bytes.put", written.bytesPut);
  meter.count("log.merge.bytes.copied", written.bytesCopied);
  const segment = mergedReference(segments, written.objectKey, forgotten);
  if (segment === undefined) return NOTHING;
  if (!(await swapIndexItems(context, ref, { inputs, content: { kind: "segment", segment }, stamp }, call)))
    return NOTHING;
  meter.count("log.merge");
  return { inputs: inputs.length, bytes: segment.bytes };
}

async function writeMerged(
  context: LogContext,
  writer: SegmentWriter,
  segments: readonly SegmentItem[],
  call: Call,
): ReturnType<SegmentWriter["finish"]> {
  const partBytesMin = context.objects.capabilities.compose?.partBytesMin;
  try {
    for (const step of planTransport(segments, partBytesMin)) {
      if (step.kind === "through") await writer.write([await readInput(context, step, call)], call);
      else await writer.copy({ key: step.item.segment.objectKey, range: step.range }, call);
    }
    return await writer.finish(call);
  } catch (error) {
    if (isLogError(error, "CorruptObject") && !(error instanceof DamagedSegmentError)) {
      await findIncomplete(context, segments, call);
    }
    throw error;
  }
}

/** The store would not compose: one of the inputs may not be what its item says. */
async function findIncomplete(context: LogContext, segments: readonly SegmentItem[], call: Call): Promise<void> {
  for (const item of segments) {
    if (item.segment.bytes === 0 || (await isComplete(context, item, call))) continue;
    throw new DamagedSegmentError(item.segment.objectKey, { start: 0, end: item.segment.bytes });
  }
}

/** Whether the index still names the segment: if not, it was replaced meanwhile, and may have been collected. */
async function stillReferred(
  context: LogContext,
  ref: PartitionRef,
  inputs: readonly SettledItem[],
  { objectKey }: DamagedSegmentError,
  call: Call,
): Promise<boolean> {
  const input = inputs.find((item) => item.kind === "segment" && item.segment.objectKey === objectKey);
  if (input === undefined) return false;
  const now = await indexItemAt(context, ref, input.base, within(context, call));
  return now?.tag === input.tag;
}

function within(context: LogContext, call: Call): Call {
  return callWithin(context.runtime.clock, serviceCallMsDefault, call);
}
