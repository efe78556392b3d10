import { deleteHorizonOf } from "../../records/batch-header.ts";
import type { StoredRecord } from "../../records/stored-records.ts";
import { thinBatch } from "../../records/thin-batch.ts";
import type { Compaction, CompactionFigures, Pass } from "./compaction.ts";
import type { SegmentBatchOf } from "./segment-records.ts";

/** What becomes of one batch. */
export interface FilteredBatch {
  /** The batch as it stays; undefined when nothing of it does. */
  readonly bytes: Uint8Array | undefined;
  readonly changed: boolean;
}

/** Decides about the batch's records, and makes of it what stays. */
export async function filterBatch(
  { context, rules, nowMs }: Compaction,
  pass: Pass,
  batch: SegmentBatchOf,
  figures: CompactionFigures,
): Promise<FilteredBatch> {
  const { bytes, header, records } = batch;
  if (records === undefined) return { bytes, changed: false };
  const horizon = deleteHorizonOf(header);
  const expired = horizon !== undefined && horizon <= nowMs;
  const kept = records.filter((record) => stays(record, pass, expired));
  figures.removedRecords += records.length - kept.length;
  if (kept.length === 0) return { bytes: undefined, changed: true };
  const tombstone = kept.some((record) => !record.hasValue && record.offset < pass.end);
  const deleteHorizonMs = tombstone ? (horizon ?? nowMs + rules.deleteRetentionMs) : undefined;
  if (deleteHorizonMs !== undefined) figures.tombstonesDueMs = Math.min(figures.tombstonesDueMs, deleteHorizonMs);
  if (kept.length === records.length && (deleteHorizonMs === undefined || horizon !== undefined)) {
    return { bytes, changed: false };
  }
  const { codecs } = context.runtime;
  return { bytes: await thinBatch(bytes, header, kept, { codecs, deleteHorizonMs }), changed: true };
}

/** Without a key nothing says what a record replaces: as Kafka's cleaner does, compaction drops it. */
function stays(record: StoredRecord, pass: Pass, expired: boolean): boolean {
  if (record.offset >= pass.end) return true;
  if (record.key === null) return false;
  const latest = pass.latest(record.key);
  if (latest !== undefined && latest > record.offset) return false;
  return record.hasValue || !expired || record.offset >= pass.cleanedEnd;
}
