import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { randomValues } from "../measure/random-values.ts";
import type { CostWorld } from "./cost-world.ts";
import type { Deployment } from "./deployments.ts";

export interface ProduceLoad {
  /** Of one record; with more than one partition per request, of each. */
  readonly valueBytes: number;
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  readonly producers: number;
  readonly partitions: number;
  /** Partitions that each request has a record for; all requests together take turns. */
  readonly partitionsPerRequest: number;
  /** Steady: at even distances. Bursty: as many, but all of ten seconds within the first one of them. */
  readonly shape: "steady" | "bursty";
}

export const TOPIC = "t";
const BURST_EVERY_MS = 10_000;
const BURST_MS = 1000;

/** An idempotent producer, whose requests follow each other. */
class Producer {
  readonly #id: number;
  readonly #sequences = new Map<number, number>();
  last: Promise<void> = Promise.resolve();

  constructor(id: number) {
    this.#id = id;
  }

  batch(partition: number, value: Uint8Array, timestampMs: number): Uint8Array {
    const baseSequence = this.#sequences.get(partition) ?? 0;
    this.#sequences.set(partition, baseSequence + 1);
    const record = { key: null, value, headers: [], timestampMs };
    return encodeUncompressedBatch([record], { producerId: this.#id, producerEpoch: 0, baseSequence });
  }
}

/** Sends the load, and answers with the number of requests once the last of them has been acknowledged. */
export async function sendLoad(world: CostWorld, log: Deployment, load: ProduceLoad): Promise<number> {
  const { clock } = world.runtime;
  const producers = Array.from({ length: load.producers }, (_, at) => new Producer(1000 + at));
  const nextValue = randomValues(load.valueBytes);
  const count = Math.round((load.requestsPerSecond * load.durationMs) / 1000);
  const startedMs = clock.monotonicMs();
  let nextPartition = 0;
  for (let at = 0; at < count; at++) {
    await clock.sleep(Math.max(0, startedMs + timeOf(load, at) - clock.monotonicMs()));
    const producer = producers[at % producers.length] as Producer;
    const partitions = Array.from({ length: load.partitionsPerRequest }, () => nextPartition++ % load.partitions);
    producer.last = producer.last.then(() => {
      const parts = partitions.map((partition) => ({
        topic: TOPIC,
        partition,
        records: producer.batch(partition, nextValue(), clock.nowMs()),
      }));
      return log.produce({ acks: -1, partitions: parts });
    });
  }
  await Promise.all(producers.map(({ last }) => last));
  return count;
}

/** A produced batch's length. */
export function batchBytesOf(valueBytes: number): number {
  return new Producer(1000).batch(0, new Uint8Array(valueBytes), 0).byteLength;
}

/** When a request is due, ms after the load's start. */
function timeOf({ shape, requestsPerSecond }: ProduceLoad, at: number): number {
  const evenMs = (at * 1000) / requestsPerSecond;
  if (shape === "steady") return evenMs;
  const window = Math.floor(evenMs / BURST_EVERY_MS) * BURST_EVERY_MS;
  return window + ((evenMs - window) * BURST_MS) / BURST_EVERY_MS;
}
