import type { LogService } from "../../../lib/api/log-service.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { demandOk } from "./batch-load.ts";
import { callContext } from "./open-service.ts";
import { randomValues } from "./random-values.ts";

const TOPIC = "probed";
const VALUE_BYTES = 1024;
const PAUSE_MS = 2;
const FETCH_BYTES = 1024 * 1024;

/** One producer and one consumer that do one thing at a time, and how long each of them took. */
export class LatencyProbe {
  readonly produceMs: number[] = [];
  readonly fetchMs: number[] = [];
  readonly #service: LogService;
  readonly #value = randomValues(VALUE_BYTES);
  /** The newest record; undefined before there is one. */
  #newest: number | undefined;

  constructor(service: LogService) {
    this.#service = service;
  }

  async createTopic(): Promise<void> {
    const [created] = await this.#service.createTopics(callContext(), { topics: [{ name: TOPIC, partitions: 1 }] });
    if (created?.ok !== true) throw created?.error ?? new Error("no answer");
  }

  /** Produces and fetches for as long as the work takes. */
  async during(work: Promise<unknown>): Promise<void> {
    let over = false;
    const end = work.finally(() => {
      over = true;
    });
    const again = async (times: number[], step: () => Promise<void>): Promise<void> => {
      while (!over) {
        const startedMs = performance.now();
        await step();
        times.push(performance.now() - startedMs);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    };
    await Promise.all([end, again(this.produceMs, () => this.#produce()), again(this.fetchMs, () => this.#fetch())]);
  }

  /** What came before does not count. */
  forget(): void {
    this.produceMs.length = 0;
    this.fetchMs.length = 0;
  }

  async #produce(): Promise<void> {
    const record = { key: null, value: this.#value(), headers: [], timestampMs: Date.now() };
    const part = { topic: TOPIC, partition: 0, records: encodeUncompressedBatch([record]) };
    const reply = await this.#service.produce(callContext(), { acks: -1, partitions: [part] });
    this.#newest = demandOk(reply.partitions[0]).baseOffset;
  }

  async #fetch(): Promise<void> {
    const part = { topic: TOPIC, partition: 0, offset: this.#newest ?? 0, maxBytes: FETCH_BYTES };
    const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: FETCH_BYTES, isolation: "read_uncommitted" } as const;
    demandOk((await this.#service.fetch(callContext(), { ...limits, partitions: [part] })).partitions[0]);
  }
}
