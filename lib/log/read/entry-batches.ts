import type { Call } from "../../base/call.ts";
import { corruptBatch, readBatchHeader } from "../../records/batch-header.ts";
import { checkBatchCrc } from "../../records/check-batch.ts";
import { stagedItemKey } from "../../storage/item-keys.ts";
import { type Entry, entrySpanBytes } from "../../storage/items/entry.ts";
import { decodeStagedItem } from "../../storage/items/staged-item.ts";
import { stagedObjectKey } from "../../storage/object-keys.ts";
import type { LogContext } from "../log-context.ts";
import { ByteSpan } from "./byte-span.ts";
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

/**
 * The batches of one commit, read from wherever its bytes are; they are kept in memory unless they are needed just
 * `once`. Fails with `MissingBytesError`.
 */
export async function entryBatches(
  context: LogContext,
  base: number,
  entry: Entry,
  call: Call,
  use: "again" | "once" = "again",
): Promise<readonly StandingBatch[]> {
  const span = await sourceBytes({ context, entry, use }, call);
  const batches: StandingBatch[] = [];
  let position = 0;
  let offset = base;
  for (const batch of entry.batches) {
    position += batch.skippedBytes;
    const bytes = span.subarray(position, position + batch.bytes);
    batches.push({ base: offset, end: offset + batch.records, epoch: entry.epoch, bytes });
    position += batch.bytes;
    offset += batch.records;
  }
  return batches;
}

interface Wanted {
  readonly context: LogContext;
  readonly entry: Entry;
  readonly use: "again" | "once";
}

async function sourceBytes(wanted: Wanted, call: Call): Promise<ByteSpan> {
  const { context, entry } = wanted;
  const { source } = entry;
  const length = entrySpanBytes(entry);
  switch (source.kind) {
    case "inline":
      return new ByteSpan([source.bytes]);
    case "item":
      return checkedSource(wanted, stagedItemName(source.name), async () => {
        const item = await context.items.get(stagedItemKey(source.name), call);
        return item === undefined ? undefined : decodeStagedItem(item).bytes;
      });
    case "object": {
      const range = { start: source.position, end: source.position + length };
      const key = stagedObjectKey(source.object);
      const name = stagedObjectRangeName(source.object, source.position);
      return checkedSource(wanted, name, () => context.objects.get(key, call, range));
    }
  }
}

/** Bytes from a store are kept only once their batches have been checked. */
async function checkedSource(
  { context, entry, use }: Wanted,
  name: string,
  load: () => Promise<Uint8Array | undefined>,
): Promise<ByteSpan> {
  const loadChecked = async (): Promise<Uint8Array | undefined> => {
    const loaded = await load();
    if (loaded !== undefined) checkBatches(entry, loaded, name);
    return loaded;
  };
  const bytes = await context.cache.get(name, loadChecked, use);
  if (bytes === undefined) throw new MissingBytesError(name, { source: name });
  return bytes;
}

function checkBatches(entry: Entry, span: Uint8Array, name: string): void {
  let position = 0;
  for (const batch of entry.batches) {
    position += batch.skippedBytes;
    try {
      const header = readBatchHeader(span, position);
      if (header.batchBytes !== batch.bytes || header.recordCount !== batch.records)
        throw corruptBatch("another batch");
      checkBatchCrc(span.subarray(position, position + batch.bytes), header);
    } catch (cause) {
      throw new MissingBytesError(name, { source: name, position, bytes: span.byteLength }, cause);
    }
    position += batch.bytes;
  }
}
