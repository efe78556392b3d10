import { randomFillSync } from "node:crypto";

const POOL_BYTES = 32 * 1024 * 1024;
/** Odd, so that one round through the pool does not cut it as the round before did. */
const STEP_BYTES = 1_048_573;

let pool: Uint8Array | undefined;

/** Random bytes, the same ones for the whole process: nothing in them can be compressed. */
export function randomPool(): Uint8Array {
  pool ??= randomFillSync(Buffer.allocUnsafe(POOL_BYTES));
  return pool;
}

/** Values cut from random bytes, each at another place. */
export function randomValues(valueBytes: number): () => Uint8Array {
  const bytes = randomPool();
  const last = bytes.byteLength - valueBytes;
  let at = 0;
  return () => {
    at = (at + STEP_BYTES) % last;
    return bytes.subarray(at, at + valueBytes);
  };
}
