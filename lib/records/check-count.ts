import { LogError } from "../base/errors.ts";
import { BATCH_HEADER_BYTES, type BatchHeader } from "./batch-header.ts";
import { VarintError, VarintReader } from "./varint.ts";

/**
 * `InvalidRecord` unless an uncompressed batch holds as many records as its header says: offsets would be given to
 * records that nobody can read. Walks from length to length; what the records hold is not looked into.
 */
export function checkUncompressedCount(batch: Uint8Array, header: Pick<BatchHeader, "recordCount">): void {
  const reader = new VarintReader(batch, BATCH_HEADER_BYTES);
  let records = 0;
  try {
    for (; reader.left > 0 && records <= header.recordCount; records++) {
      const bytes = reader.varint();
      if (bytes < 0 || bytes > reader.left) throw new VarintError("a record ends outside of the batch");
      reader.at += bytes;
    }
  } catch (cause) {
    if (!(cause instanceof VarintError)) throw cause;
    throw new LogError("InvalidRecord", `record ${records} of the batch: ${cause.message}`, { cause });
  }
  if (records === header.recordCount) return;
  const details = { recordCount: header.recordCount, records };
  throw new LogError("InvalidRecord", `the batch counts ${header.recordCount} records and holds others`, { details });
}
