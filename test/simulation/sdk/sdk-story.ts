import type { Compression } from "../../../lib/base/compression.ts";
import type { SeededRandom } from "../seeded-random.ts";

export interface SdkProducerStory {
  readonly name: string;
  readonly topics: readonly string[];
  /** Mean ms between two calls of `publish`. */
  readonly pauseMs: number;
  /** The most records of one call. */
  readonly recordsMax: number;
  readonly valueBytes: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
  readonly maxInFlight: number;
  readonly compression: Compression;
  readonly deliveryTimeoutMs: number;
  /** ms after which it looks for new partitions; the product's own choice when absent. */
  readonly metadataAgeMs?: number;
}

export interface SdkConsumerStory {
  readonly name: string;
  readonly topics: readonly string[];
  readonly pauseMs: number;
  readonly maxRecords: number;
  readonly fetchBytes: number;
}

/** Those clients of a run that are the product's own. */
export interface SdkStory {
  readonly producers: readonly SdkProducerStory[];
  readonly consumers: readonly SdkConsumerStory[];
}

export function drawSdkStory(random: SeededRandom, topics: readonly string[]): SdkStory {
  const producers = random.pick([0, 1, 1, 2]);
  const consumers = random.pick([0, 1, 1]);
  const some = (): readonly string[] => (random.chance(0.5) ? topics : [random.pick(topics)]);
  return {
    producers: Array.from({ length: producers }, (_, at) => drawProducer(random, `sdk-${at}`, some())),
    consumers: Array.from({ length: consumers }, (_, at) => drawConsumer(random, `sdk-reader-${at}`, some())),
  };
}

function drawProducer(random: SeededRandom, name: string, topics: readonly string[]): SdkProducerStory {
  return {
    name,
    topics,
    pauseMs: random.pick([300, 1000, 3000]),
    recordsMax: random.pick([1, 3, 8]),
    valueBytes: random.pick([30, 300, 2000]),
    batchBytes: random.pick([1, 600, 256 * 1024]),
    lingerMs: random.pick([0, 0, 30]),
    maxInFlight: random.pick([1, 3, 5, 5]),
    compression: random.pick(["none", "none", "gzip"]),
    deliveryTimeoutMs: random.pick([3000, 20_000, 60_000]),
  };
}

function drawConsumer(random: SeededRandom, name: string, topics: readonly string[]): SdkConsumerStory {
  return {
    name,
    topics,
    pauseMs: random.pick([500, 2000, 6000]),
    maxRecords: random.pick([1, 10, 500]),
    fetchBytes: random.pick([200, 4000, 1_000_000]),
  };
}
