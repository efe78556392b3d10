import { present } from "../../base/assert.ts";
import type { Codecs, Compression } from "../../base/compression.ts";
import type { LogError } from "../../base/errors.ts";
import { encodeBatch, encodeUncompressedBatch } from "../../records/encode-batch.ts";
import type { RecordData } from "../../records/record-data.ts";
import { type ProducerFields, resequenceBatch } from "../../records/write-header.ts";
import type { Publication } from "./publication.ts";
import type { QueuedBatch } from "./queue-types.ts";

export interface BatchPlace {
  readonly topic: string;
  readonly partition: number;
  /** On the monotonic clock. */
  readonly openedAtMs: number;
  readonly deadlineMs: number;
}

/** Records for one partition that are sent, stored and answered together, and whom to tell. */
export class PendingBatch implements QueuedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly openedAtMs: number;
  readonly deadlineMs: number;
  readonly #publications: Publication[] = [];
  readonly #indexes: number[] = [];
  readonly #records: RecordData[] = [];
  #bytes = 0;
  #encoded: { bytes: Uint8Array; producer: ProducerFields | undefined } | undefined;
  #decided = false;

  constructor(place: BatchPlace) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.openedAtMs = place.openedAtMs;
    this.deadlineMs = place.deadlineMs;
  }

  get recordCount(): number {
    return this.#records.length;
  }

  /** What its records take before compression, at most. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether its publications have their answer. */
  get decided(): boolean {
    return this.#decided;
  }

  append(record: RecordData, bytes: number, publication: Publication, index: number): void {
    this.#records.push(record);
    this.#publications.push(publication);
    this.#indexes.push(index);
    this.#bytes += bytes;
  }

  /**
   * The batch under these numbers. Bytes that have been handed out are never changed: an attempt that is still
   * under way may be reading them.
   */
  async encodedFor(
    producer: ProducerFields | undefined,
    compression: Compression,
    codecs: Codecs,
  ): Promise<Uint8Array> {
    if (this.#encoded !== undefined && this.#encoded.producer === producer) return this.#encoded.bytes;
    const bytes =
      this.#encoded !== undefined && producer !== undefined
        ? resequenceBatch(this.#encoded.bytes, producer)
        : await encode(this.#records, producer, compression, codecs);
    this.#encoded = { bytes, producer };
    return bytes;
  }

  /** Its records in two batches, for a server that takes only smaller ones. */
  halves(bytesOf: (record: RecordData) => number): PendingBatch[] {
    const middle = Math.ceil(this.#records.length / 2);
    const parts = [new PendingBatch(this), new PendingBatch(this)];
    this.#records.forEach((record, at) => {
      const part = present(at < middle ? parts[0] : parts[1], "one of two halves");
      const publication = present(this.#publications[at], "whom to tell");
      part.append(record, bytesOf(record), publication, this.#indexes[at] as number);
    });
    return parts;
  }

  /** Tells every record's publication where the record stands. */
  acknowledge(baseOffset: number, appendTimeMs: number): void {
    if (this.#decided) return;
    this.#decided = true;
    const { topic, partition } = this;
    for (let at = 0; at < this.#records.length; at++) {
      const timestamp = appendTimeMs >= 0 ? appendTimeMs : (this.#records[at] as RecordData).timestampMs;
      const offset = baseOffset < 0 ? -1 : baseOffset + at;
      (this.#publications[at] as Publication).decide(this.#indexes[at] as number, {
        topic,
        partition,
        offset,
        timestamp,
      });
    }
  }

  refuse(error: LogError): void {
    if (this.#decided) return;
    this.#decided = true;
    this.#publications.forEach((publication, at) => {
      publication.decide(this.#indexes[at] as number, error);
    });
  }
}

async function encode(
  records: readonly RecordData[],
  producer: ProducerFields | undefined,
  compression: Compression,
  codecs: Codecs,
): Promise<Uint8Array> {
  const fields: Partial<ProducerFields> = producer ?? {};
  if (compression === "none") return encodeUncompressedBatch(records, fields);
  return encodeBatch({ ...fields, records, compression, codecs });
}
