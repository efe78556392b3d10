import type { Call } from "../../base/call.ts";
import { readAttemptsMax } from "../../base/limits.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { scanBatches } from "./scan-batches.ts";

/** Batches looked at before the search is given up: the batch lies close to where it is looked for. */
const SCANNED_MAX = 20_000;

/** The base offset of a producer's batch at or above `from`; undefined when it is not to be found there. */
export async function findProducerBatch(
  context: LogContext,
  ref: PartitionRef,
  wanted: { readonly id: number; readonly epoch: number; readonly baseSequence: number },
  from: number,
  call: Call,
): Promise<number | undefined> {
  for (let attempt = 1; attempt <= readAttemptsMax; attempt++) {
    const head = await readHead(context, ref, call);
    let scanned = 0;
    try {
      for await (const { base, producer } of scanBatches(context, ref, head, Math.max(from, head.logStart), call)) {
        const same =
          producer?.id === wanted.id &&
          producer.epoch === wanted.epoch &&
          producer.baseSequence === wanted.baseSequence;
        if (same) return base;
        if (++scanned >= SCANNED_MAX) return undefined;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof MissingBytesError)) throw error;
    }
  }
  return undefined;
}
