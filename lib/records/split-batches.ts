import { viewOf } from "../base/bytes.ts";
import { BATCH_FIELDS, BATCH_LENGTH_OVERHEAD, batchBytesOf, corruptBatch } from "./batch-header.ts";

/** A run of batches, and how many bytes at the end hold only the beginning of one. */
export interface CompleteBatches {
  readonly batches: Uint8Array[];
  readonly incompleteBytes: number;
  /** The size of that one, where its beginning tells. */
  readonly nextBytes: number | undefined;
}

/** Views of the batches that stand one after the other in `bytes`. Bytes left over are a `CorruptMessage`. */
export function splitBatches(bytes: Uint8Array): Uint8Array[] {
  const { batches, incompleteBytes } = splitCompleteBatches(bytes);
  if (incompleteBytes > 0) {
    const details = { batches: batches.length, incompleteBytes, bytes: bytes.byteLength };
    throw corruptBatch(`the last ${incompleteBytes} bytes are not a whole batch`, details);
  }
  return batches;
}

/** As `splitBatches`, but the last batch may be cut off: a fetch reply or a range of a segment ends anywhere. */
export function splitCompleteBatches(bytes: Uint8Array): CompleteBatches {
  const view = viewOf(bytes);
  const batches: Uint8Array[] = [];
  let at = 0;
  let nextBytes: number | undefined;
  while (bytes.byteLength - at >= BATCH_LENGTH_OVERHEAD) {
    const batchBytes = batchBytesOf(view.getInt32(at + BATCH_FIELDS.batchLength), at);
    if (batchBytes > bytes.byteLength - at) {
      nextBytes = batchBytes;
      break;
    }
    batches.push(bytes.subarray(at, at + batchBytes));
    at += batchBytes;
  }
  return { batches, incompleteBytes: bytes.byteLength - at, nextBytes };
}
