export interface StoredBatch {
  readonly baseOffset: number;
  readonly bytes: Uint8Array;
}

/** Cuts fetched bytes into batches by their lengths. Bytes left over come as one more, which nobody has sent. */
export function batchesOf(bytes: Uint8Array): StoredBatch[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batches: StoredBatch[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    const left = bytes.byteLength - at;
    const length = left < 61 ? left : Math.max(61, Math.min(left, view.getInt32(at + 8) + 12));
    const baseOffset = left < 61 ? -1 : Number(view.getBigInt64(at));
    batches.push({ baseOffset, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return batches;
}
