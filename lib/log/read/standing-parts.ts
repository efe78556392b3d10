import { viewOf } from "../../base/bytes.ts";
import { BATCH_FIELDS } from "../../records/batch-header.ts";
import type { StandingBatch } from "./entry-batches.ts";

/**
 * The batch with its base offset and leader epoch in place, as two parts: sixteen bytes that are patched, and
 * the rest as it is. Nothing else is copied.
 */
export function standingParts(batch: StandingBatch): readonly [Uint8Array, Uint8Array] {
  // Not `slice`, which shares a Buffer's memory: what is patched must be a copy.
  const start = new Uint8Array(batch.bytes.subarray(0, BATCH_FIELDS.magic));
  const view = viewOf(start);
  view.setBigInt64(BATCH_FIELDS.baseOffset, BigInt(batch.base));
  view.setInt32(BATCH_FIELDS.leaderEpoch, batch.epoch);
  return [start, batch.bytes.subarray(BATCH_FIELDS.magic)];
}
