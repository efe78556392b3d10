import type { Effect, LogError } from "../../base/errors.ts";
import type { ProducerFields } from "../../records/write-header.ts";

/** What the queue needs to know of a batch. */
export interface QueuedBatch {
  readonly recordCount: number;
  /** On the monotonic clock: when it is given up. */
  readonly deadlineMs: number;
}

export type Identity = Pick<ProducerFields, "producerId" | "producerEpoch">;

export interface QueueOptions {
  readonly idempotent: boolean;
  /** Batches that may be started while the oldest of them is undecided; 1 without idempotence, to keep order. */
  readonly windowMax: number;
}

/**
 * - `waiting`: has no numbers; never sent, or known not to be stored
 * - `sending`: an attempt is under way
 * - `retrying`: to be sent again under the same numbers
 * - `parked`: known not to be stored; waits for new numbers
 */
export type SlotState = "waiting" | "sending" | "retrying" | "parked";

/** A batch's place in the queue; only the queue changes it. */
export interface Slot<Batch> {
  readonly batch: Batch;
  state: SlotState;
  /** Counts the batches started under one epoch. */
  ordinal: number;
  attempts: number;
  /** How often the broker expected other numbers though no older batch was undecided. */
  contradictions: number;
  /** Whether some attempt may have been appended, or may yet be. */
  undecided: boolean;
  /** Whether an older batch of the same epoch is known never to be appended, so that this one is not either. */
  behindHole: boolean;
  notBeforeMs: number;
  producer: ProducerFields | undefined;
  lastError: LogError | undefined;
}

export type QueueDecision<Batch> =
  | { readonly kind: "send"; readonly slot: Slot<Batch> }
  /** A producer id is needed first, another one than the stale one. */
  | { readonly kind: "identity"; readonly staleProducerId: number | undefined }
  /** Infinity: until something is added or settled. */
  | { readonly kind: "wait"; readonly untilMs: number };

export interface AppendedOutcome {
  readonly kind: "appended";
  /** -1 when it is not known. */
  readonly baseOffset: number;
  /** -1 when the records keep their own timestamps. */
  readonly appendTimeMs: number;
}

export type Outcome<Batch> =
  | AppendedOutcome
  /** It may have happened, or may yet happen. */
  | { readonly kind: "lost"; readonly error: LogError; readonly retryAtMs: number }
  /** Nothing happened; another attempt makes sense. */
  | { readonly kind: "busy"; readonly error: LogError; readonly retryAtMs: number }
  /** Nothing happened, since the broker expects another sequence, epoch or producer id. */
  | {
      readonly kind: "outOfStep";
      readonly error: LogError;
      readonly retryAtMs: number;
      readonly needsFreshId: boolean;
    }
  /** Nothing happened, and another attempt is of no use. */
  | { readonly kind: "refused"; readonly error: LogError }
  /** It may have happened, and another attempt is of no use. */
  | { readonly kind: "unresolved"; readonly error: LogError }
  /** Refused as it was; its records are in these batches now. */
  | { readonly kind: "replaced"; readonly error: LogError; readonly by: readonly Batch[] };

export type Verdict<Batch> =
  | (AppendedOutcome & { readonly batch: Batch })
  | {
      readonly kind: "failed";
      readonly batch: Batch;
      readonly effect: Effect;
      /** What the last attempt met, when there was one. */
      readonly error: LogError | undefined;
      /** Whether its time ran out. */
      readonly expired: boolean;
    };
