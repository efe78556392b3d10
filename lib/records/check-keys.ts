import type { Codecs } from "../base/compression.ts";
import { LogError } from "../base/errors.ts";
import { readBatchHeader } from "./batch-header.ts";
import { recordsContent } from "./decode-batch.ts";
import { decodeRecords } from "./decode-records.ts";

/** Positions that one error names. */
const REPORTED_MAX = 100;

/**
 * `InvalidRecord` when a record of the batch has no key, which a compacted topic does not take; the details
 * name the records' positions in the batch. For a batch that `checkProducedBatch` has let pass.
 */
export async function checkKeys(batch: Uint8Array, codecs: Codecs, decompressedBytesMax: number): Promise<void> {
  const header = readBatchHeader(batch);
  const content = await recordsContent(batch, header, { codecs, decompressedBytesMax });
  const recordIndexes: number[] = [];
  let index = 0;
  for (const record of decodeRecords(header, content)) {
    if (record.key === null && recordIndexes.length < REPORTED_MAX) recordIndexes.push(index);
    index++;
  }
  if (recordIndexes.length === 0) return;
  throw new LogError("InvalidRecord", "a compacted topic takes no record without a key", {
    details: { recordIndexes },
  });
}
