import type { Compression } from "../../../lib/base/compression.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { TopicStory } from "../story.ts";

/** A compacted topic, and who writes and reads it. */
export interface KeyedStory {
  readonly topics: readonly TopicStory[];
  readonly producers: number;
  readonly keys: number;
  /** Mean ms between two batches of a producer. */
  readonly pauseMs: number;
  readonly recordsMax: number;
  readonly compression: Compression;
  /** Mean ms between two readings from the beginning to the end. */
  readonly readEveryMs: number;
  readonly readBytes: number;
  /** Memory for the keys of one compaction. */
  readonly keysBytesMax: number;
  /** How long it goes on when everybody else is done: only what is a minute old is compacted. */
  readonly longerMs: number;
}

const CODECS = ["none", "none", "lz4", "gzip"] as const;

export function drawKeyedStory(random: SeededRandom): KeyedStory {
  const present = random.chance(0.65);
  const deleteRetentionMs = String(random.pick([0, 3000, 60_000]));
  const configs = {
    "cleanup.policy": "compact",
    "delete.retention.ms": deleteRetentionMs,
    "min.cleanable.dirty.ratio": random.pick(["0.01", "0.01", "0.5"]),
  };
  const topic = { name: "keyed", partitions: random.pick([1, 2]), deletedEveryMs: undefined, configs };
  return {
    topics: present ? [topic] : [],
    producers: random.pick([1, 2]),
    keys: random.pick([2, 6, 40]),
    pauseMs: random.pick([200, 800, 3000]),
    recordsMax: random.pick([1, 4, 12]),
    compression: random.pick(CODECS),
    readEveryMs: random.pick([6000, 20_000]),
    readBytes: random.pick([200, 5000]),
    keysBytesMax: random.pick([600, 600, 1_000_000]),
    longerMs: present ? random.pick([60_000, 100_000]) : 0,
  };
}
