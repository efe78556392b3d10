import { viewOf } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { LogError } from "../../base/errors.ts";
import { BATCH_FIELDS, batchBytesOf } from "../../records/batch-header.ts";
import { stagedItemKey } from "../../storage/item-keys.ts";
import { type Entry, entrySpanBytes } from "../../storage/items/entry.ts";
import { decodeStagedItem } from "../../storage/items/staged-item.ts";
import { stagedObjectKey } from "../../storage/object-keys.ts";
import type { LogContext } from "../log-context.ts";
import { MissingBytesError } from "./missing-bytes.ts";
import { stagedItemName, stagedObjectRangeName } from "./source-name.ts";

/** A batch as it was produced (base offset 0), and where it stands. */
export interface StandingBatch {
  readonly base: number;
  /** One past its last offset. */
  readonly end: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** The batches of one commit, read from wherever its bytes are. Fails with `MissingBytesError`. */
export async function entryBatches(
  context: LogContext,
  base: number,
  entry: Entry,
  call: Call,
): Promise<readonly StandingBatch[]> {
  const span = await sourceBytes(context, entry, call);
  const batches: StandingBatch[] = [];
  let position = 0;
  let offset = base;
  for (const batch of entry.batches) {
    position += batch.skippedBytes;
    const bytes = span.subarray(position, position + batch.bytes);
    checkLength(bytes, batch.bytes, offset);
    batches.push({ base: offset, end: offset + batch.records, epoch: entry.epoch, bytes });
    position += batch.bytes;
    offset += batch.records;
  }
  return batches;
}

async function sourceBytes(context: LogContext, entry: Entry, call: Call): Promise<Uint8Array> {
  const { source } = entry;
  const length = entrySpanBytes(entry);
  switch (source.kind) {
    case "inline":
      return source.bytes;
    case "item": {
      const bytes = await context.cache.get(stagedItemName(source.name), async () => {
        const item = await context.items.get(stagedItemKey(source.name), call);
        return item === undefined ? undefined : decodeStagedItem(item).bytes;
      });
      if (bytes === undefined || bytes.byteLength < length) {
        throw new MissingBytesError(`staged item ${source.name}`, { item: source.name });
      }
      return bytes;
    }
    case "object": {
      const key = stagedObjectKey(source.object);
      const range = { start: source.position, end: source.position + length };
      const name = stagedObjectRangeName(source.object, source.position);
      const bytes = await context.cache.get(name, () => context.objects.get(key, call, range));
      if (bytes === undefined || bytes.byteLength < length) {
        context.cache.drop(name);
        throw new MissingBytesError(`staged object ${key}`, { object: key, ...range });
      }
      return bytes;
    }
  }
}

/** The table and the batch must agree on its length, or the reader would run into its neighbour. */
function checkLength(bytes: Uint8Array, expected: number, offset: number): void {
  const stated =
    bytes.byteLength < BATCH_FIELDS.leaderEpoch
      ? -1
      : batchBytesOf(viewOf(bytes).getInt32(BATCH_FIELDS.batchLength), 0);
  if (bytes.byteLength !== expected || stated !== expected) {
    throw new LogError("CorruptObject", `the batch at offset ${offset} is not as long as its commit says`, {
      details: { offset, expected, stated },
    });
  }
}
