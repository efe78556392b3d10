import { LogError } from "../../base/errors.ts";
import type { Stamp } from "../../base/ids.ts";
import { PackReader, PackWriter } from "../../base/packing.ts";

/** One of a producer's last batches, newest first. Its sequences follow from the counts. */
export interface ProducerBatch {
  readonly records: number;
  /** Its base offset if `exact`; otherwise it lies at or above this one. */
  readonly offset: number;
  readonly exact: boolean;
}

/** What a partition knows of an idempotent producer: compared and replaced as one packed value. */
export interface ProducerState {
  readonly epoch: number;
  readonly lastSequence: number;
  /** Of the last commit: tells who is idle. */
  readonly stamp: Stamp;
  /** Newest first, all of this epoch, at most five. */
  readonly batches: readonly ProducerBatch[];
}

/* Version 1, packed: version, epoch, last sequence, stamp, count, per batch: records, offset * 2 + exact. */
const VERSION = 1;
const BATCH_BYTES_MIN = 2;

export function encodeProducerState(state: ProducerState): Uint8Array {
  const out = new PackWriter(48).varint(VERSION).varint(state.epoch).varint(state.lastSequence).varint(state.stamp);
  out.varint(state.batches.length);
  for (const batch of state.batches) out.varint(batch.records).varint(batch.offset * 2 + (batch.exact ? 1 : 0));
  return out.finish();
}

export function decodeProducerState(packed: Uint8Array): ProducerState {
  const input = new PackReader(packed, "a producer's state");
  const version = input.varint();
  if (version !== VERSION) {
    throw new LogError("StoreFormat", `a producer's state of version ${version}: a newer Tidelog wrote it`);
  }
  const epoch = input.varint();
  const lastSequence = input.varint();
  const stamp = input.varint() as Stamp;
  const batches: ProducerBatch[] = [];
  for (let left = input.count(BATCH_BYTES_MIN); left > 0; left--) {
    const records = input.varint();
    const offset = input.varint();
    batches.push({ records, offset: Math.floor(offset / 2), exact: offset % 2 === 1 });
  }
  input.end();
  return { epoch, lastSequence, stamp, batches };
}
