import { remainingMs } from "../../base/call.ts";
import type { LogError } from "../../base/errors.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import { DamagedSegmentError } from "../merge/damaged-segment.ts";
import type { Compaction } from "./compaction.ts";

/** Whether the failure is damage, which then is reported and remembered: the rest goes on around it. */
export function passedOver({ context, ref, damaged }: Compaction, error: LogError): boolean {
  if (!(error instanceof DamagedSegmentError)) return false;
  damaged.add(error.objectKey);
  context.runtime.meter.count("log.segment.damaged");
  context.runtime.logger.error("a damaged segment is left as it is", { ...ref, ...error.details });
  return true;
}

/** Whether an item has not become a segment yet, and will: what is damaged is gone past. */
export function isUnrolled({ passedOver }: Compaction, item: IndexItem): boolean {
  return item.kind === "entries" && !passedOver.has(item.base);
}

/** Whether the caller has no more time for it. */
export function isStopped({ context, call }: Compaction): boolean {
  return call.signal?.aborted === true || remainingMs(context.runtime.clock, call) === 0;
}
