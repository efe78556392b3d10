import type { Fetched, Isolation, TopicPartition } from "../../api/record-types.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { Codecs } from "../../base/compression.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { decompressedBytesMax } from "../../base/limits.ts";
import { endOffsetOf, readBatchHeader } from "../../records/batch-header.ts";
import { decodeBatch, decodeUncompressedBatch, isUncompressed } from "../../records/decode-batch.ts";
import type { DecodedRecord } from "../../records/record-data.ts";
import { splitBatches } from "../../records/split-batches.ts";
import { AbortedTransactions } from "./aborted-transactions.ts";
import type { From } from "./consumer-options.ts";
import type { UnderWay } from "./segment-download.ts";

interface FetchedBatch {
  readonly bytes: Uint8Array;
  readonly uncompressed: boolean;
  readonly endOffset: number;
  readonly hidden: boolean;
}

/** One assigned partition: where its reader stands, and what was fetched ahead and not yet handed out. */
export class AssignedPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Where to begin, until that is known as an offset. */
  start: From | undefined;
  paused = false;
  fetching = false;
  /** What `poll` has to tell, once what was fetched before it is handed out. */
  failure: LogError | undefined;
  /** No fetch before this, on the monotonic clock: a failure has just been answered. */
  notBeforeMs = Number.NEGATIVE_INFINITY;
  failedAttempts = 0;
  /** The segment that is being read at its address. */
  download: UnderWay | undefined;
  /** The next answer is to bring records, not an address. */
  wantsRecords = false;
  #position = 0;
  #fetchOffset = 0;
  #version = 0;
  #batches: FetchedBatch[] = [];
  #bufferedBytes = 0;
  #records: Iterator<DecodedRecord> | undefined;

  constructor(place: TopicPartition, start: From) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.start = start;
  }

  /** Offset of the next record to be handed out; of use once `start` is resolved. */
  get position(): number {
    return this.#position;
  }

  get fetchOffset(): number {
    return this.#fetchOffset;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Changes with every seek: answers to what was asked before are out of date. */
  get version(): number {
    return this.#version;
  }

  /** Begins anew; what was fetched ahead is dropped. */
  seek(start: From): void {
    this.start = start;
    this.#drop();
  }

  moveTo(offset: number): void {
    this.start = undefined;
    this.#drop();
    this.#position = offset;
    this.#fetchOffset = offset;
  }

  /** Takes in what a fetch from `fetchOffset` brought. Damage becomes the partition's failure. */
  receive(fetched: Fetched, isolation: Isolation): void {
    const transactions = new AbortedTransactions(isolation, fetched.abortedTransactions);
    try {
      for (const bytes of splitBatches(concatBytes(fetched.records))) {
        const header = readBatchHeader(bytes);
        const endOffset = endOffsetOf(header);
        const hidden = transactions.hides(header);
        if (endOffset <= this.#fetchOffset) continue;
        this.#batches.push({ bytes, uncompressed: isUncompressed(header), endOffset, hidden });
        this.#bufferedBytes += bytes.byteLength;
        this.#fetchOffset = endOffset;
      }
    } catch (error) {
      this.failure = this.#damage(error, this.#fetchOffset);
    }
  }

  /**
   * The next record, if it can be had at once; a promise when a batch has to be decompressed first (ask again
   * after it); undefined when nothing is left of what was fetched, or when it is damaged (`failure`).
   */
  next(codecs: Codecs): DecodedRecord | Promise<void> | undefined {
    while (true) {
      const record = this.#nextOfBatch();
      if (record !== undefined) {
        this.#position = record.offset + 1;
        return record;
      }
      const batch = this.#batches[0];
      if (batch === undefined) return undefined;
      if (this.#records !== undefined || batch.hidden) this.#leaveBatch(batch);
      else if (batch.uncompressed) this.#open(() => decodeUncompressedBatch(batch.bytes, { verifyCrc: true }));
      else return this.#decompress(batch, codecs);
    }
  }

  #drop(): void {
    this.#version += 1;
    this.#batches = [];
    this.#bufferedBytes = 0;
    this.#records = undefined;
    this.failure = undefined;
    this.notBeforeMs = Number.NEGATIVE_INFINITY;
    this.failedAttempts = 0;
    this.download = undefined;
    this.wantsRecords = false;
  }

  #nextOfBatch(): DecodedRecord | undefined {
    if (this.#records === undefined) return undefined;
    try {
      while (true) {
        const step = this.#records.next();
        if (step.done) return undefined;
        // A fetch returns whole batches: what lies below the position was not asked for.
        if (step.value.offset >= this.#position) return step.value;
      }
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #leaveBatch(batch: FetchedBatch): void {
    this.#batches.shift();
    this.#bufferedBytes -= batch.bytes.byteLength;
    this.#records = undefined;
    this.#position = Math.max(this.#position, batch.endOffset);
  }

  #open(decode: () => Iterable<DecodedRecord>): void {
    try {
      this.#records = decode()[Symbol.iterator]();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #decompress(batch: FetchedBatch, codecs: Codecs): Promise<void> {
    const version = this.#version;
    try {
      const records = await decodeBatch(batch.bytes, { codecs, decompressedBytesMax, verifyCrc: true });
      if (version === this.#version) this.#records = records[Symbol.iterator]();
    } catch (error) {
      if (version === this.#version) this.#fail(error);
    }
  }

  // Damaged bytes are fetched again after the failure has been told: it may have been the way, not the log.
  #fail(error: unknown): void {
    const position = this.#position;
    this.#drop();
    this.#fetchOffset = position;
    this.failure = this.#damage(error, position);
  }

  #damage(error: unknown, offset: number): LogError {
    const { topic, partition } = this;
    const code = isLogError(error) ? error.code : "CorruptMessage";
    const message = `${topic}-${partition}: the batch at offset ${offset} cannot be read: ${messageOf(error)}; seek beyond it to go on`;
    const details = { ...(isLogError(error) ? error.details : {}), topic, partition, offset };
    return new LogError(code, message, { details, cause: error });
  }
}
