import { LogError } from "../../base/errors.ts";
import type { BrokerId, Stamp } from "../../base/ids.ts";
import { PackReader, PackWriter } from "../../base/packing.ts";
import type { StagedObjectName } from "../object-keys.ts";

/** One batch of an entry: enough to find it, and to know it again, without reading its bytes. */
export interface EntryBatch {
  /** Bytes of the same source to pass over before it: batches that were staged with it and then refused. */
  readonly skippedBytes: number;
  readonly bytes: number;
  readonly records: number;
  readonly producer: { readonly id: number; readonly epoch: number; readonly baseSequence: number } | undefined;
}

/** Where an entry's batches lie, one after another from the source's start (or `position`). */
export type EntrySource =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "item"; readonly name: string }
  | { readonly kind: "object"; readonly object: StagedObjectName; readonly position: number };

/** One commit, as the tail and the index items keep it: the batches are stored as produced, at base offset 0. */
export interface Entry {
  /** The leader epoch under which it was committed; its batches bear it for ever. */
  readonly epoch: number;
  readonly records: number;
  /** The largest record timestamp, ms since the epoch; -1 when no batch has one. */
  readonly maxTimestamp: number;
  readonly batches: readonly EntryBatch[];
  readonly source: EntrySource;
}

/*
 * Version 1, packed:
 *   version, source kind (0 inline, 1 item, 2 object), epoch, maxTimestamp + 1, count of batches,
 *   per batch: skipped bytes, bytes, records, producer id + 1 (0: none) [, producer epoch, base sequence],
 *   then inline: the bytes; item: its name; object: stamp, broker id, sequence, position.
 */
const VERSION = 1;
const SOURCE_KINDS = ["inline", "item", "object"] as const;
const BATCH_BYTES_MIN = 4;

export function encodeEntry(entry: Entry): Uint8Array {
  const { source } = entry;
  const out = new PackWriter(96 + (source.kind === "inline" ? source.bytes.byteLength : 0));
  out.varint(VERSION).varint(SOURCE_KINDS.indexOf(source.kind));
  out
    .varint(entry.epoch)
    .varint(entry.maxTimestamp + 1)
    .varint(entry.batches.length);
  for (const batch of entry.batches) {
    out.varint(batch.skippedBytes).varint(batch.bytes).varint(batch.records);
    if (batch.producer === undefined) out.varint(0);
    else
      out
        .varint(batch.producer.id + 1)
        .varint(batch.producer.epoch)
        .varint(batch.producer.baseSequence);
  }
  if (source.kind === "inline") out.bytes(source.bytes);
  else if (source.kind === "item") out.text(source.name);
  else
    out.varint(source.object.stamp).text(source.object.brokerId).varint(source.object.sequence).varint(source.position);
  return out.finish();
}

export function decodeEntry(packed: Uint8Array): Entry {
  const input = new PackReader(packed, "an entry");
  const version = input.varint();
  if (version !== VERSION)
    throw new LogError("StoreFormat", `an entry of version ${version}: a newer Tidelog wrote it`);
  const kind = SOURCE_KINDS[input.varint()];
  if (kind === undefined) throw new LogError("CorruptItem", "an entry of an unknown kind");
  const epoch = input.varint();
  const maxTimestamp = input.varint() - 1;
  const batches: EntryBatch[] = [];
  let records = 0;
  for (let left = input.count(BATCH_BYTES_MIN); left > 0; left--) {
    const batch = decodeBatch(input);
    batches.push(batch);
    records += batch.records;
  }
  const source = decodeSource(kind, input);
  input.end();
  return { epoch, records, maxTimestamp, batches, source };
}

function decodeBatch(input: PackReader): EntryBatch {
  const skippedBytes = input.varint();
  const bytes = input.varint();
  const records = input.varint();
  const id = input.varint() - 1;
  const producer = id < 0 ? undefined : { id, epoch: input.varint(), baseSequence: input.varint() };
  return { skippedBytes, bytes, records, producer };
}

function decodeSource(kind: EntrySource["kind"], input: PackReader): EntrySource {
  switch (kind) {
    case "inline":
      return { kind, bytes: input.bytes() };
    case "item":
      return { kind, name: input.text() };
    case "object": {
      const stamp = input.varint() as Stamp;
      const brokerId = input.text() as BrokerId;
      return { kind, object: { stamp, brokerId, sequence: input.varint() }, position: input.varint() };
    }
  }
}

/** Bytes of the source that the entry spans, from its first batch's start to its last one's end. */
export function entrySpanBytes(entry: Entry): number {
  let bytes = 0;
  for (const batch of entry.batches) bytes += batch.skippedBytes + batch.bytes;
  return bytes;
}

/** Bytes of the entry's batches alone. */
export function entryBatchBytes(entry: Entry): number {
  let bytes = 0;
  for (const batch of entry.batches) bytes += batch.bytes;
  return bytes;
}
