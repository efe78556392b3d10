import { commitStamp } from "../base/ids.ts";
import { decodeEntry, entryBatchBytes } from "../storage/items/entry.ts";
import type { IndexedEntry, IndexItem } from "../storage/items/index-item.ts";
import { segmentStamp } from "../storage/object-keys.ts";

/** Bytes of the batches that an item answers for. */
export function indexItemBytes(item: IndexItem): number {
  switch (item.kind) {
    case "entries":
      return item.entries.reduce((sum, entry) => sum + entryBatchBytes(decodeEntry(entry.packed)), 0);
    case "segment":
      return item.segment.bytes;
    case "void":
      return 0;
  }
}

/**
 * No record of the item is newer, ms; where none has a timestamp, the time at which it was written, as Kafka takes
 * its file's. Undefined for what holds nothing.
 */
export function newestTimeOf(item: IndexItem): number | undefined {
  switch (item.kind) {
    case "entries":
      return Math.max(...item.entries.map(entryTime));
    case "segment": {
      const { maxTimestamp, objectKey } = item.segment;
      return maxTimestamp >= 0 ? maxTimestamp : segmentStamp(objectKey);
    }
    case "void":
      return undefined;
  }
}

/** As `newestTimeOf`, for one entry. */
export function entryTime({ id, packed }: Pick<IndexedEntry, "id" | "packed">): number {
  const { maxTimestamp } = decodeEntry(packed);
  return maxTimestamp >= 0 ? maxTimestamp : commitStamp(id);
}
