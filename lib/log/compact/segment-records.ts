import { unwrittenBytes } from "../../base/bytes.ts";
import { callWithin } from "../../base/call.ts";
import { compactionSliceBytes, decompressedBytesMax, serviceCallMsDefault } from "../../base/limits.ts";
import { type BatchHeader, isControl, isTransactional } from "../../records/batch-header.ts";
import { recordsContent } from "../../records/decode-batch.ts";
import { type StoredRecord, storedRecords } from "../../records/stored-records.ts";
import { indexItemAt } from "../index-items.ts";
import { DamagedSegmentError } from "../merge/damaged-segment.ts";
import { MissingBytesError } from "../read/missing-bytes.ts";
import { type SegmentItem, SegmentReader } from "../read/segment-bytes.ts";
import type { Compaction } from "./compaction.ts";

const WINDOW_BYTES = 4 * 1024 * 1024;
/** A transfer may go wrong; what reads wrong so many times is damaged. */
const READS_MAX = 3;

export interface SegmentBatchOf {
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  /** Its records; undefined for one that compaction leaves as it is: markers of transactions, and what is in one. */
  readonly records: readonly StoredRecord[] | undefined;
}

/** The segment has been replaced since its item was read: look at the index again. */
export class ReplacedError extends Error {
  override readonly name = "ReplacedError";
}

/**
 * The batches of a segment from the one on that holds `from`, each checked; each stands until the next is asked for,
 * when its memory may be read into again. Fails with `DamagedSegmentError`, or with
 * `ReplacedError` when the index names another segment by now.
 */
export async function* segmentBatches(
  compaction: Compaction,
  item: SegmentItem,
  from: number,
): AsyncGenerator<SegmentBatchOf> {
  const { context, giveWay } = compaction;
  // As garbage, what compaction reads would hold up everybody's requests.
  const readsInto = context.objects.capabilities.readsInto === true;
  const windowMemory = readsInto ? unwrittenBytes(Math.min(WINDOW_BYTES, item.segment.bytes)) : undefined;
  let reader = new SegmentReader(context, item, from, windowMemory);
  let next = from;
  let slice = 0;
  for (let failures = 0; ; ) {
    let found: Awaited<ReturnType<SegmentReader["next"]>>;
    try {
      found = await reader.next(WINDOW_BYTES, within(compaction));
    } catch (error) {
      if (!(error instanceof MissingBytesError)) throw error;
      if (await isReplaced(compaction, item)) throw new ReplacedError();
      if (++failures === READS_MAX) {
        throw new DamagedSegmentError(item.segment.objectKey, { start: 0, end: item.segment.bytes }, error);
      }
      // Without the memory: a read that went wrong may still write to it.
      reader = new SegmentReader(context, item, next);
      continue;
    }
    if (found.length === 0) return;
    for (const { bytes, header } of found) {
      const records = await recordsOf(compaction, item, bytes, header);
      next = header.baseOffset + header.lastOffsetDelta + 1;
      slice += bytes.byteLength;
      if (slice >= compactionSliceBytes) {
        slice = 0;
        await giveWay();
      }
      yield { bytes, header, records };
    }
  }
}

async function recordsOf(
  { context }: Compaction,
  item: SegmentItem,
  bytes: Uint8Array,
  header: BatchHeader,
): Promise<readonly StoredRecord[] | undefined> {
  if (isControl(header) || isTransactional(header)) return undefined;
  const { codecs } = context.runtime;
  try {
    return [...storedRecords(header, await recordsContent(bytes, header, { codecs, decompressedBytesMax }))];
  } catch (cause) {
    // Its CRC is right: a producer has sent something that cannot be read.
    throw new DamagedSegmentError(item.segment.objectKey, { start: 0, end: item.segment.bytes }, cause);
  }
}

async function isReplaced(compaction: Compaction, item: SegmentItem): Promise<boolean> {
  const { context, ref } = compaction;
  return (await indexItemAt(context, ref, item.base, within(compaction)))?.tag !== item.tag;
}

export function within({ context, call }: Pick<Compaction, "context" | "call">) {
  return callWithin(context.runtime.clock, serviceCallMsDefault, call);
}
