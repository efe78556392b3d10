import { crc32c } from "../../../lib/base/crc32c.ts";
import { messageOf } from "../../../lib/base/errors.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { checkBatchCrc } from "../../../lib/records/check-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { stagedItemKey } from "../../../lib/storage/item-keys.ts";
import { decodeEntry, type Entry, entrySpanBytes } from "../../../lib/storage/items/entry.ts";
import type { IndexedEntry, IndexItem } from "../../../lib/storage/items/index-item.ts";
import { decodeStagedItem } from "../../../lib/storage/items/staged-item.ts";
import { stagedObjectKey } from "../../../lib/storage/object-keys.ts";
import type { History } from "../history.ts";
import type { Stores } from "./stored-state.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };

/** An entry's bytes are there, and hold the batches that it says. */
export async function checkEntry(
  history: History,
  stores: Stores,
  where: string,
  indexed: IndexedEntry,
): Promise<void> {
  const entry = decodeEntry(indexed.packed);
  const name = `${where}: the entry at ${indexed.base} (${entry.source.kind})`;
  const source = await sourceBytes(stores, entry);
  if (source === undefined) {
    history.report("RefLive", `${name} names bytes that do not exist`);
    return;
  }
  if (source.byteLength < entrySpanBytes(entry)) {
    history.report("RefLive", `${name} names ${entrySpanBytes(entry)} bytes of which ${source.byteLength} exist`);
    return;
  }
  let at = 0;
  for (const batch of entry.batches) {
    at += batch.skippedBytes;
    checkBatch(history, name, source.subarray(at, at + batch.bytes), batch.records);
    at += batch.bytes;
  }
}

/** A segment is the object that its item describes, and holds exactly its range. */
export async function checkSegment(
  history: History,
  stores: Stores,
  where: string,
  item: IndexItem & { kind: "segment" },
): Promise<void> {
  const { segment } = item;
  const name = `${where}: segment ${segment.objectKey}`;
  const bytes = await stores.objects.get(segment.objectKey, OPEN_ENDED);
  if (bytes === undefined) return history.report("RefLive", `${name} does not exist`);
  if (bytes.byteLength !== segment.bytes)
    history.report("RefLive", `${name} has ${bytes.byteLength} bytes, not ${segment.bytes}`);
  if (crc32c(bytes) !== segment.checksum) history.report("RefLive", `${name} does not match its checksum`);
  const dense = segment.records === item.end - item.base;
  let next = item.base;
  for (const batch of splitBatches(bytes)) {
    const header = readBatchHeader(batch);
    checkBatch(history, name, batch, header.recordCount);
    if (dense ? header.baseOffset !== next : header.baseOffset < next)
      history.report("Tiling", `${name}: a batch at ${header.baseOffset}, expected ${next}`);
    next = endOffsetOf(header);
  }
  if (dense ? next !== item.end : next > item.end)
    history.report("Tiling", `${name} ends at ${next}, its item at ${item.end}`);
}

/** Where an entry's batches lie, from its first byte on. */
export async function sourceBytes(stores: Stores, entry: Entry): Promise<Uint8Array | undefined> {
  const { source } = entry;
  switch (source.kind) {
    case "inline":
      return source.bytes;
    case "item": {
      const item = await stores.items.get(stagedItemKey(source.name), OPEN_ENDED);
      return item === undefined ? undefined : decodeStagedItem(item).bytes;
    }
    case "object":
      return (await stores.objects.get(stagedObjectKey(source.object), OPEN_ENDED))?.subarray(source.position);
  }
}

function checkBatch(history: History, name: string, bytes: Uint8Array, records: number): void {
  try {
    const header = readBatchHeader(bytes);
    checkBatchCrc(bytes, header);
    if (header.batchBytes !== bytes.byteLength || header.recordCount !== records) {
      history.report("RefLive", `${name}: a batch of ${header.batchBytes} bytes and ${header.recordCount} records`);
    }
  } catch (error) {
    history.report("RefLive", `${name}: ${messageOf(error)}`);
  }
}
