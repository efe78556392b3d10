import { assert } from "../base/assert.ts";
import { BATCH_FIELDS, BATCH_HEADER_BYTES } from "./batch-header.ts";

/** A copy of `batch` that stands at `baseOffset`: base offset and leader epoch lie outside the CRC. */
export function placeBatch(batch: Uint8Array, baseOffset: number, leaderEpoch: number): Uint8Array {
  const placed = new Uint8Array(batch.byteLength);
  placeBatchInto(placed, 0, batch, baseOffset, leaderEpoch);
  return placed;
}

/** As `placeBatch`, into `target` from `at` on; answers where the batch ends there. */
export function placeBatchInto(
  target: Uint8Array,
  at: number,
  batch: Uint8Array,
  baseOffset: number,
  leaderEpoch: number,
): number {
  assert(batch.byteLength >= BATCH_HEADER_BYTES, "what is placed is a batch");
  assert(Number.isSafeInteger(baseOffset) && baseOffset >= 0, "a base offset is a whole number from 0");
  target.set(batch, at);
  const view = new DataView(target.buffer, target.byteOffset + at, BATCH_HEADER_BYTES);
  view.setUint32(BATCH_FIELDS.baseOffset, Math.floor(baseOffset / 2 ** 32));
  view.setUint32(BATCH_FIELDS.baseOffset + 4, baseOffset % 2 ** 32);
  view.setInt32(BATCH_FIELDS.leaderEpoch, leaderEpoch);
  return at + batch.byteLength;
}
