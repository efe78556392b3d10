import { type Call, callWithin } from "../../base/call.ts";
import { crc32c } from "../../base/crc32c.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import { readBatchHeader } from "../../records/batch-header.ts";
import { checkBatchCrc } from "../../records/check-batch.ts";
import { splitBatches } from "../../records/split-batches.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import type { SegmentItem } from "../read/segment-bytes.ts";
import { DamagedSegmentError } from "./damaged-segment.ts";
import type { TransportStep } from "./plan-transport.ts";

/** A transfer may go wrong; what reads wrong so many times is damaged. */
const READS_MAX = 3;

/** The bytes that a step takes through this process, checked against their checksum. Fails with `DamagedSegmentError`. */
export async function readInput(context: LogContext, { item, range }: TransportStep, call: Call): Promise<Uint8Array> {
  const { segment } = item;
  let cause: unknown;
  for (let read = 0; read < READS_MAX; read++) {
    const within = callWithin(context.runtime.clock, serviceCallMsDefault, call);
    const bytes = await context.objects.get(segment.objectKey, within, range);
    if (bytes?.byteLength !== range.end - range.start) continue;
    try {
      if (isWhole(segment, range) ? crc32c(bytes) === segment.checksum : areBatches(bytes)) return bytes;
    } catch (error) {
      cause = error;
    }
  }
  throw new DamagedSegmentError(segment.objectKey, range, cause);
}

function isWhole(segment: SegmentReference, { start, end }: TransportStep["range"]): boolean {
  return start === 0 && end === segment.bytes;
}

function areBatches(bytes: Uint8Array): boolean {
  for (const batch of splitBatches(bytes)) checkBatchCrc(batch, readBatchHeader(batch));
  return true;
}

/** Whether the input's object has the length that its item says: what a store refused to copy may be another's fault. */
export async function isComplete(context: LogContext, { segment }: SegmentItem, call: Call): Promise<boolean> {
  const within = callWithin(context.runtime.clock, serviceCallMsDefault, call);
  const around = { start: segment.bytes - 1, end: segment.bytes + 1 };
  return (await context.objects.get(segment.objectKey, within, around))?.byteLength === 1;
}
