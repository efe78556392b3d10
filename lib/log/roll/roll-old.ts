import type { Call } from "../../base/call.ts";
import { commitStamp, type Stamp } from "../../base/ids.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { spill } from "../spill.ts";
import type { EffectiveConfigs } from "../topics/topic-configs.ts";
import { rollItems } from "./roll-partition.ts";
import { rollPassedOver } from "./roll-passed-over.ts";
import { unrolledItems } from "./unrolled-items.ts";

export interface RollOldOptions extends Pick<EffectiveConfigs, "segmentBytes" | "segmentMs"> {
  /** Told of commits that were found unrolled, the oldest among them, before anything is done about them. */
  readonly found?: ((commit: Stamp) => void) | undefined;
}

/**
 * Rolls what has lain about for too long, in whichever broker's hands it was: its tail is spilled, and what is
 * unrolled becomes segments, which are no larger than the topic wants them. What was damaged is looked at again.
 */
export async function rollOld(
  context: LogContext,
  ref: PartitionRef,
  { segmentBytes, segmentMs, found }: RollOldOptions,
  call: Call,
): Promise<number> {
  const { roll, merge } = context.settings;
  const olderThan = context.runtime.clock.nowMs() - Math.min(roll.ageMs, segmentMs);
  const before = await readHead(context, ref, call);
  const first = before.tail[0];
  if (first !== undefined) {
    found?.(commitStamp(first.id));
    if (commitStamp(first.id) <= olderThan) await spill(context, ref, call, before);
  }
  // A broker that leaves rolling to others has no limit of its own; what it sweeps must fit into memory all the same.
  const limits = { bytes: Math.min(roll.bytes, merge.bytes, segmentBytes), olderThan };
  let total = 0;
  for (let rolled = 1; rolled > 0 && call.signal?.aborted !== true; total += rolled) {
    const head = await readHead(context, ref, call);
    const items = await unrolledItems(context, ref, head.tailBase, call);
    const oldest = items[0]?.entries[0];
    if (oldest !== undefined) found?.(commitStamp(oldest.id));
    rolled = await rollItems(context, ref, { head, items }, limits, call);
  }
  return total + (await rollPassedOver(context, ref, call));
}
