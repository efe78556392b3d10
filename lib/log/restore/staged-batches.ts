import { isLogError, messageOf } from "../../base/errors.ts";
import { type BatchHeader, hasProducer, lastSequenceOf } from "../../records/batch-header.ts";
import { splitBatches } from "../../records/split-batches.ts";
import type { EntryBatch } from "../../storage/items/entry.ts";
import {
  parseStagedObjectKey,
  STAGED_PREFIX,
  type StagedObjectName,
  stagedObjectKey,
} from "../../storage/object-keys.ts";
import { readStagedHeader } from "../../storage/staged-header.ts";
import { checkedHeader } from "../segment-file.ts";
import type { RestoreRun } from "./restore-run.ts";

/** Headers of staged objects of ordinary size; larger ones are read whole. */
const HEADER_GUESS_BYTES = 64 * 1024;

export interface StagedPlace {
  readonly object: StagedObjectName;
  readonly position: number;
  readonly bytes: number;
}

/** Where staged objects hold bytes of which partition, by "<topic id>/<partition>", in order of stamps. */
export type StagedPlaces = ReadonlyMap<string, readonly StagedPlace[]>;

/** Reads the headers of all staged objects. Their number is what the collector leaves: about an hour's. */
export async function findStaged(run: RestoreRun): Promise<StagedPlaces> {
  const places = new Map<string, StagedPlace[]>();
  for await (const { key, bytes } of run.objectsUnder(STAGED_PREFIX)) {
    run.checkStopped();
    const object = parseStagedObjectKey(key);
    if (object === undefined) {
      run.leave(key, "its name is no staged object's");
      continue;
    }
    try {
      for (const { topicId, partition, position, bytes: length } of await readHeader(run, key, bytes)) {
        const name = `${topicId}/${partition}`;
        const known = places.get(name);
        const place = { object, position, bytes: length };
        if (known === undefined) places.set(name, [place]);
        else known.push(place);
      }
    } catch (error) {
      if (!isLogError(error)) throw error;
      run.leave(key, messageOf(error));
    }
  }
  return places;
}

async function readHeader(run: RestoreRun, key: string, bytes: number) {
  const end = Math.min(bytes, HEADER_GUESS_BYTES);
  const start = (await run.objects.get(key, run.newCall(), { start: 0, end })) ?? new Uint8Array(0);
  try {
    return readStagedHeader(start, key);
  } catch (error) {
    if (!isLogError(error, "CorruptObject") || end === bytes) throw error;
    return readStagedHeader((await run.objects.get(key, run.newCall())) ?? new Uint8Array(0), key);
  }
}

/** A staged batch of one partition, without its bytes. */
export interface StagedBatch {
  readonly object: StagedObjectName;
  readonly position: number;
  readonly bytes: number;
  readonly records: number;
  readonly maxTimestamp: number;
  readonly producer: EntryBatch["producer"];
  readonly crc: number;
}

/** Every sound batch that is staged for a partition, in order of stamps, each producer's in order of sequences. */
export async function stagedBatches(run: RestoreRun, places: readonly StagedPlace[]): Promise<readonly StagedBatch[]> {
  const found: StagedBatch[] = [];
  for (const place of places) {
    run.checkStopped();
    const key = stagedObjectKey(place.object);
    const range = { start: place.position, end: place.position + place.bytes };
    try {
      const bytes = (await run.objects.get(key, run.newCall(), range)) ?? new Uint8Array(0);
      run.bytes += bytes.byteLength;
      let position = place.position;
      for (const batch of splitBatches(bytes)) {
        found.push(batchAt(place.object, position, checkedHeader(batch)));
        position += batch.byteLength;
      }
      if (bytes.byteLength < place.bytes) run.leave(key, `it ends before byte ${range.end}, which its header names`);
    } catch (error) {
      if (!isLogError(error, "CorruptMessage", "InvalidRecord")) throw error;
      run.leave(key, `bytes ${range.start}-${range.end}: ${messageOf(error)}`);
    }
  }
  for (const { producer } of found) run.newestProducerId = Math.max(run.newestProducerId, producer?.id ?? -1);
  return inSequence(found);
}

function batchAt(object: StagedObjectName, position: number, header: BatchHeader): StagedBatch {
  const { batchBytes, recordCount, maxTimestamp, crc, producerId, producerEpoch, baseSequence } = header;
  const producer = hasProducer(header) ? { id: producerId, epoch: producerEpoch, baseSequence } : undefined;
  return { object, position, bytes: batchBytes, records: recordCount, maxTimestamp, producer, crc };
}

/** Repeats of one idempotent batch once; what two brokers staged for a producer as it was sent. */
function inSequence(batches: readonly StagedBatch[]): readonly StagedBatch[] {
  const byProducer = new Map<number, Map<string, StagedBatch>>();
  for (const batch of batches) {
    if (batch.producer === undefined) continue;
    const { id, epoch, baseSequence } = batch.producer;
    const own = byProducer.get(id) ?? new Map<string, StagedBatch>();
    byProducer.set(id, own.set(`${epoch}/${baseSequence}`, own.get(`${epoch}/${baseSequence}`) ?? batch));
  }
  const queues = new Map([...byProducer].map(([id, own]) => [id, [...own.values()].sort(bySequence)]));
  return batches.flatMap((batch) =>
    batch.producer === undefined ? batch : (queues.get(batch.producer.id)?.shift() ?? []),
  );
}

function bySequence({ producer: a }: StagedBatch, { producer: b }: StagedBatch): number {
  return (a?.epoch ?? 0) - (b?.epoch ?? 0) || (a?.baseSequence ?? 0) - (b?.baseSequence ?? 0);
}

/** Meets the batches of segments, and tells which staged ones are not among them. */
export class PlacedBatches {
  /** Of producers whose batches are staged: what the segments hold last. */
  readonly #last = new Map<number, { epoch: number; sequence: number }>();
  /** Of staged batches without a producer: how often the same bytes stand in segments. */
  readonly #plain = new Map<string, number>();

  constructor(staged: readonly StagedBatch[]) {
    for (const batch of staged) {
      if (batch.producer !== undefined) this.#last.set(batch.producer.id, { epoch: -1, sequence: -1 });
      else this.#plain.set(plainName(batch), 0);
    }
  }

  meet(header: BatchHeader): void {
    if (hasProducer(header)) {
      if (!this.#last.has(header.producerId)) return;
      this.#last.set(header.producerId, { epoch: header.producerEpoch, sequence: lastSequenceOf(header) });
      return;
    }
    const name = plainName({ crc: header.crc, bytes: header.batchBytes });
    const met = this.#plain.get(name);
    if (met !== undefined) this.#plain.set(name, met + 1);
  }

  /** Those beyond what the segments hold. */
  beyond(staged: readonly StagedBatch[]): readonly StagedBatch[] {
    const plain = new Map(this.#plain);
    return staged.filter((batch) => {
      if (batch.producer !== undefined) {
        const last = this.#last.get(batch.producer.id) ?? { epoch: -1, sequence: -1 };
        const { epoch, baseSequence } = batch.producer;
        return epoch > last.epoch || (epoch === last.epoch && baseSequence > last.sequence);
      }
      const left = plain.get(plainName(batch)) ?? 0;
      plain.set(plainName(batch), left - 1);
      return left <= 0;
    });
  }
}

/** What two batches without producers have in common that are the same. */
function plainName({ crc, bytes }: Pick<StagedBatch, "crc" | "bytes">): string {
  return `${crc}/${bytes}`;
}
