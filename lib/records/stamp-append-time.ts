import { viewOf } from "../base/bytes.ts";
import { crc32c } from "../base/crc32c.ts";
import { BATCH_FIELDS, CRC_COVERS_FROM, LOG_APPEND_TIME_BIT } from "./batch-header.ts";

/**
 * A copy of a checked batch all of whose records bear the time of their append: the attribute says so, the largest
 * timestamp is that time, and the CRC covers both. The records' own deltas stay; readers ignore them.
 */
export function stampAppendTime(batch: Uint8Array, appendTimeMs: number): Uint8Array {
  const stamped = batch.slice();
  const view = viewOf(stamped);
  view.setInt16(BATCH_FIELDS.attributes, view.getInt16(BATCH_FIELDS.attributes) | LOG_APPEND_TIME_BIT);
  view.setBigInt64(BATCH_FIELDS.maxTimestamp, BigInt(appendTimeMs));
  view.setUint32(BATCH_FIELDS.crc, crc32c(stamped.subarray(CRC_COVERS_FROM)));
  return stamped;
}
