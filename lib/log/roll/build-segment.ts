import type { Call } from "../../base/call.ts";
import { crc32c } from "../../base/crc32c.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { sparseIndexBytesEach } from "../../base/limits.ts";
import { type BatchHeader, readBatchHeader } from "../../records/batch-header.ts";
import { checkBatchCrc } from "../../records/check-batch.ts";
import { decodeEntry } from "../../storage/items/entry.ts";
import type { SparseMark } from "../../storage/items/index-item.ts";
import type { EntriesItem } from "../index-items.ts";
import type { LogContext } from "../log-context.ts";
import { entryBatches, type StandingBatch } from "../read/entry-batches.ts";
import { standingParts } from "../read/standing-parts.ts";

/** A transfer may go wrong; what reads wrong so many times is damaged. */
const READS_MAX = 3;
/** Commits of an item: a segment is made of a thousand, and one after the other would outlast the roll's time. */
const READS_AT_ONCE = 16;

/** A segment's bytes, not yet stored: base offsets and leader epochs are in place. */
export interface BuiltSegment {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly checksum: number;
  readonly records: number;
  readonly maxTimestamp: number;
  readonly marks: readonly SparseMark[];
}

class SegmentBuilder {
  readonly #parts: Uint8Array[] = [];
  readonly #marks: SparseMark[] = [];
  #bytes = 0;
  #checksum = 0;
  #records = 0;
  #maxTimestamp = -1;

  add(batch: StandingBatch, header: BatchHeader): void {
    const lastMark = this.#marks.at(-1);
    if (lastMark === undefined || this.#bytes - lastMark.position >= sparseIndexBytesEach) {
      this.#marks.push({ offset: batch.base, position: this.#bytes, maxTimestampBefore: this.#maxTimestamp });
    }
    for (const part of standingParts(batch)) {
      this.#parts.push(part);
      this.#checksum = crc32c(part, this.#checksum);
    }
    this.#bytes += batch.bytes.byteLength;
    this.#records += batch.end - batch.base;
    this.#maxTimestamp = Math.max(this.#maxTimestamp, header.maxTimestamp);
  }

  finish(): BuiltSegment {
    return {
      parts: this.#parts,
      bytes: this.#bytes,
      checksum: this.#checksum,
      records: this.#records,
      maxTimestamp: this.#maxTimestamp,
      marks: this.#marks,
    };
  }
}

/** An item with a batch that is missing or damaged: it must not be copied on. */
export interface DamagedItem {
  readonly item: EntriesItem;
  readonly error: LogError;
}

export interface GatheredSegment {
  readonly segment: BuiltSegment;
  /** Those that went into it: all, or those before the first damaged one. */
  readonly items: readonly EntriesItem[];
  readonly damaged: DamagedItem | undefined;
}

/** Gathers the items' batches in order, as far as they are sound. */
export async function buildSegment(
  context: LogContext,
  items: readonly EntriesItem[],
  call: Call,
): Promise<GatheredSegment> {
  const builder = new SegmentBuilder();
  for (const [index, item] of items.entries()) {
    const read = await readItem(context, item, call);
    if (isLogError(read)) {
      return { segment: builder.finish(), items: items.slice(0, index), damaged: { item, error: read } };
    }
    for (const { batch, header } of read) builder.add(batch, header);
  }
  return { segment: builder.finish(), items, damaged: undefined };
}

interface CheckedBatch {
  readonly batch: StandingBatch;
  readonly header: BatchHeader;
}

/** The item's batches, or what is wrong with them. */
async function readItem(context: LogContext, item: EntriesItem, call: Call): Promise<CheckedBatch[] | LogError> {
  for (let read = 1; ; read++) {
    try {
      const batches: CheckedBatch[] = [];
      for (let first = 0; first < item.entries.length; first += READS_AT_ONCE) {
        const some = item.entries.slice(first, first + READS_AT_ONCE);
        const read = await Promise.all(
          some.map(({ base, packed }) => entryBatches(context, base, decodeEntry(packed), call, "once")),
        );
        for (const batch of read.flat()) batches.push({ batch, header: checkedHeader(batch) });
      }
      return batches;
    } catch (error) {
      if (!isLogError(error, "CorruptObject", "CorruptItem")) throw error;
      if (read === READS_MAX) return error;
    }
  }
}

function checkedHeader(batch: StandingBatch): BatchHeader {
  try {
    const header = readBatchHeader(batch.bytes);
    checkBatchCrc(batch.bytes, header);
    if (header.recordCount === batch.end - batch.base) return header;
  } catch (cause) {
    throw new LogError("CorruptObject", `the batch at offset ${batch.base} is damaged: ${messageOf(cause)}`, { cause });
  }
  throw new LogError(
    "CorruptObject",
    `the batch at offset ${batch.base} holds another number of records than its commit`,
  );
}
