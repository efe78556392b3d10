import type { ErrorCode } from "../../base/error-codes.ts";
import type { Stamp } from "../../base/ids.ts";
import { producerBatchesKept } from "../../base/limits.ts";
import { advanceSequence } from "../../records/batch-header.ts";
import type { ProducerBatch, ProducerState } from "../../storage/items/producer-state.ts";

/** What an idempotent producer says of a batch. */
export interface ProducerClaim {
  readonly epoch: number;
  readonly baseSequence: number;
  readonly records: number;
}

export type ProducerDecision =
  | { readonly kind: "append"; readonly state: ProducerState }
  | { readonly kind: "duplicate"; readonly batch: ProducerBatch }
  /** Batches between the last known one and this are missing; they may be on their way by another broker. */
  | { readonly kind: "gap"; readonly code: ErrorCode }
  | { readonly kind: "refused"; readonly code: ErrorCode };

const SEQUENCE_SPAN = 2 ** 31;

/**
 * Kafka's rules (ProducerStateManager): sequences of an epoch follow one another and start at 0, a lower epoch is
 * fenced, and one of the last five batches sent again is a duplicate. `offsetFloor` is an offset that the new
 * batch cannot lie below.
 */
export function decideProducer(
  state: ProducerState | undefined,
  claim: ProducerClaim,
  at: { readonly stamp: Stamp; readonly offsetFloor: number },
): ProducerDecision {
  if (state === undefined) return startOf(claim, at, "UnknownProducerId");
  if (claim.epoch < state.epoch) return { kind: "refused", code: "InvalidProducerEpoch" };
  if (claim.epoch > state.epoch) return startOf(claim, at, "OutOfOrderSequence");
  const duplicate = findDuplicate(state, claim);
  if (duplicate !== undefined) return { kind: "duplicate", batch: duplicate };
  const expected = advanceSequence(state.lastSequence, 1);
  if (claim.baseSequence === expected) {
    return { kind: "append", state: appended(claim, at, state.batches) };
  }
  const ahead = (claim.baseSequence - expected + SEQUENCE_SPAN) % SEQUENCE_SPAN < SEQUENCE_SPAN / 2;
  return { kind: ahead ? "gap" : "refused", code: "OutOfOrderSequence" };
}

function startOf(
  claim: ProducerClaim,
  at: { readonly stamp: Stamp; readonly offsetFloor: number },
  code: ErrorCode,
): ProducerDecision {
  return claim.baseSequence === 0 ? { kind: "append", state: appended(claim, at, []) } : { kind: "gap", code };
}

function appended(
  claim: ProducerClaim,
  at: { readonly stamp: Stamp; readonly offsetFloor: number },
  before: readonly ProducerBatch[],
): ProducerState {
  const batch = { records: claim.records, offset: at.offsetFloor, exact: false };
  return {
    epoch: claim.epoch,
    lastSequence: advanceSequence(claim.baseSequence, claim.records - 1),
    stamp: at.stamp,
    batches: [batch, ...before].slice(0, producerBatchesKept),
  };
}

function findDuplicate(state: ProducerState, claim: ProducerClaim): ProducerBatch | undefined {
  let lastSequence = state.lastSequence;
  for (const batch of state.batches) {
    const baseSequence = advanceSequence(lastSequence, SEQUENCE_SPAN - batch.records + 1);
    if (baseSequence === claim.baseSequence && batch.records === claim.records) return batch;
    lastSequence = advanceSequence(baseSequence, SEQUENCE_SPAN - 1);
  }
  return undefined;
}
