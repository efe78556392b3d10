import type { Call } from "../../base/call.ts";
import { commitStamp } from "../../base/ids.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { spill } from "../spill.ts";
import type { EffectiveConfigs } from "../topics/topic-configs.ts";
import { rollPartition } from "./roll-partition.ts";

/**
 * Rolls what has lain about for too long, in whichever broker's hands it was: its tail is spilled, and what is
 * unrolled becomes segments, which are no larger than the topic wants them.
 */
export async function rollOld(
  context: LogContext,
  ref: PartitionRef,
  { segmentBytes, segmentMs }: Pick<EffectiveConfigs, "segmentBytes" | "segmentMs">,
  call: Call,
): Promise<number> {
  const { roll } = context.settings;
  const olderThan = context.runtime.clock.nowMs() - Math.min(roll.ageMs, segmentMs);
  const head = await readHead(context, ref, call);
  const first = head.tail[0];
  if (first !== undefined && commitStamp(first.id) <= olderThan) await spill(context, ref, call, head);
  const limits = { bytes: Math.min(roll.bytes, segmentBytes), olderThan };
  let total = 0;
  for (let rolled = 1; rolled > 0 && call.signal?.aborted !== true; total += rolled) {
    rolled = await rollPartition(context, ref, limits, call);
  }
  return total;
}
