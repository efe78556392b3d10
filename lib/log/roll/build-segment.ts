import type { Call } from "../../base/call.ts";
import { crc32c } from "../../base/crc32c.ts";
import { LogError, messageOf } from "../../base/errors.ts";
import { sparseIndexBytesEach } from "../../base/limits.ts";
import { type BatchHeader, readBatchHeader } from "../../records/batch-header.ts";
import { checkBatchCrc } from "../../records/check-batch.ts";
import { decodeEntry } from "../../storage/items/entry.ts";
import type { SparseMark } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import { entryBatches, type StandingBatch } from "../read/entry-batches.ts";
import { standingParts } from "../read/standing-parts.ts";
import type { EntriesItem } from "./unrolled-items.ts";

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

/** Gathers the items' batches in order. A damaged one fails with `CorruptObject`: it must not be copied on. */
export async function buildSegment(
  context: LogContext,
  items: readonly EntriesItem[],
  call: Call,
): Promise<BuiltSegment> {
  const builder = new SegmentBuilder();
  for (const item of items) {
    for (const entry of item.entries) {
      for (const batch of await entryBatches(context, entry.base, decodeEntry(entry.packed), call, "once")) {
        builder.add(batch, checkedHeader(batch));
      }
    }
  }
  return builder.finish();
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
