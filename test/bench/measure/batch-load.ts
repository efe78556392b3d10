import type { LogService } from "../../../lib/api/log-service.ts";
import { LATEST_TIMESTAMP, type PartitionResult } from "../../../lib/api/record-types.ts";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { callContext } from "./open-service.ts";
import { randomValues } from "./random-values.ts";

export interface BatchLoadOptions {
  readonly valueBytes: number;
  readonly records: number;
  readonly partitions: number;
  readonly outstandingBytes: number;
  readonly configs?: Readonly<Record<string, string>> | undefined;
  /** Records bear so many different keys; without a number, none. */
  readonly keys?: number | undefined;
}

const BATCH_BYTES = 256 * 1024;
/** Batches that are encoded beforehand and sent in turn. */
const BATCHES_KEPT = 64;
const FETCH_BYTES = 4 * 1024 * 1024;

/** Encoded batches in, encoded batches out: what a log takes without a client's own work. */
export class BatchLoad {
  readonly #service: LogService;
  readonly #topic: string;
  readonly #options: BatchLoadOptions;
  readonly #batches: readonly Uint8Array[];
  readonly #recordsEach: number;

  constructor(service: LogService, topic: string, options: BatchLoadOptions) {
    this.#service = service;
    this.#topic = topic;
    this.#options = options;
    this.#recordsEach = Math.max(1, Math.floor(BATCH_BYTES / options.valueBytes));
    const value = randomValues(options.valueBytes);
    const key = (): Uint8Array | null => {
      return options.keys === undefined ? null : utf8(`key ${Math.floor(Math.random() * options.keys)}`);
    };
    this.#batches = Array.from({ length: BATCHES_KEPT }, () => {
      const records = Array.from({ length: this.#recordsEach }, () => {
        return { key: key(), value: value(), headers: [], timestampMs: Date.now() };
      });
      return encodeUncompressedBatch(records);
    });
  }

  async createTopic(): Promise<void> {
    const { partitions, configs = {} } = this.#options;
    const topic = { name: this.#topic, partitions, configs };
    const [created] = await this.#service.createTopics(callContext(), { topics: [topic] });
    if (created?.ok !== true) throw new Error(`creating the topic: ${created?.error.message}`);
  }

  /** One batch for each partition in a request; as many requests at a time as the outstanding bytes allow. */
  async produce(): Promise<void> {
    const { records, partitions, outstandingBytes } = this.#options;
    const requests = Math.ceil(records / (this.#recordsEach * partitions));
    let sent = 0;
    const send = async (): Promise<void> => {
      while (sent < requests) {
        const first = sent++ * partitions;
        const parts = Array.from({ length: partitions }, (_, partition) => {
          const batch = this.#batches[(first + partition) % BATCHES_KEPT] as Uint8Array;
          return { topic: this.#topic, partition, records: batch };
        });
        const reply = await this.#service.produce(callContext(), { acks: -1, partitions: parts });
        reply.partitions.forEach(demandOk);
      }
    };
    const lanes = Math.max(1, Math.floor(outstandingBytes / (BATCH_BYTES * partitions)));
    await Promise.all(Array.from({ length: lanes }, send));
  }

  /** Reads every partition to its end. */
  async fetch(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.partitions }, (_, partition) => this.#fetchOne(partition)));
  }

  async #fetchOne(partition: number): Promise<void> {
    const at = { topic: this.#topic, partition };
    const listed = await this.#service.listOffsets(callContext(), {
      isolation: "read_uncommitted",
      partitions: [{ ...at, timestamp: LATEST_TIMESTAMP }],
    });
    const end = demandOk(listed.partitions[0]).offset;
    for (let offset = 0; offset < end; ) {
      const reply = await this.#service.fetch(callContext(), {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: FETCH_BYTES,
        isolation: "read_uncommitted",
        partitions: [{ ...at, offset, maxBytes: FETCH_BYTES }],
      });
      const last = splitBatches(concatBytes(demandOk(reply.partitions[0]).records)).at(-1);
      if (last === undefined) throw new Error(`partition ${partition} ends at ${offset}, before ${end}`);
      offset = endOffsetOf(readBatchHeader(last));
    }
  }
}

/** The answer, or the error, of a part of a request. */
export function demandOk<Answer>(
  result: PartitionResult<Answer> | undefined,
): Extract<PartitionResult<Answer>, { ok: true }> {
  if (result?.ok === true) return result;
  throw result?.error ?? new Error("no answer for a partition");
}
