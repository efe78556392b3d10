import type { Call } from "../../base/call.ts";
import type { BatchHeader } from "../../records/batch-header.ts";

export interface Appended {
  /** -1 for a duplicate whose offset is no longer known. */
  readonly baseOffset: number;
  /** -1 for a duplicate. */
  readonly logStart: number;
  /** The batch had been appended before, by an earlier try of its producer. */
  readonly duplicate: boolean;
}

/** A checked batch on its way into one partition; exactly one of `settle` and `fail` is called, once. */
export interface PendingBatch {
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  readonly call: Call;
  /** When its producer's sequence first showed a gap before it, on the monotonic clock. */
  gapSinceMs: number | undefined;
  settle(appended: Appended): void;
  fail(error: unknown): void;
}
