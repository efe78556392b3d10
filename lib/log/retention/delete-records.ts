import type { Call } from "../../base/call.ts";
import { isLogError, messageOf } from "../../base/errors.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { checkRange } from "../read/read-log.ts";
import { readHead } from "../read-head.ts";
import { moveLogStart } from "./move-log-start.ts";
import { removeBelow } from "./remove-below.ts";

/** Kafka's DeleteRecords: everything up to the high watermark. */
export const EVERYTHING = -1;

/**
 * Deletes the records below an offset; `OffsetOutOfRange` above the high watermark. Answers with the log start.
 * Records are gone once it has moved; index items that cannot be removed right away are left to retention.
 */
export async function deleteRecords(
  context: LogContext,
  ref: PartitionRef,
  beforeOffset: number,
  call: Call,
): Promise<number> {
  const head = await readHead(context, ref, call);
  const to = beforeOffset === EVERYTHING ? head.next : beforeOffset;
  if (to >= 0 && to <= head.logStart) return head.logStart;
  checkRange(ref, head, to);
  const logStart = await moveLogStart(context, ref, { to }, call);
  try {
    await removeBelow(context, ref, logStart, call);
  } catch (error) {
    if (!isLogError(error)) throw error;
    context.runtime.logger.warn("index items below the log start are left to retention", {
      ...ref,
      error: messageOf(error),
    });
  }
  return logStart;
}
