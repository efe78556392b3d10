import type { SeededRandom } from "../seeded-random.ts";
import type { ProducerStory, TopicStory } from "../story.ts";

/** A topic whose records go: by retention, by requests, or by both. */
export interface ShrinkingTopic extends TopicStory {
  readonly configs: Readonly<Record<string, string>>;
  /** As by a clock: all who ask for deletions of records do so at its strokes; undefined: nobody does. */
  readonly recordsDeletedEveryMs: number | undefined;
  /** How many ask for deletions in each partition, none of whom knows of the others. */
  readonly deleters: number;
}

/** How brokers look after what is stored, and the topics on which that shows. */
export interface UpkeepStory {
  readonly topics: readonly ShrinkingTopic[];
  readonly producers: readonly ProducerStory[];
  readonly retentionEveryMs: number;
  /** Merges and compactions. */
  readonly rewritingEveryMs: number;
  readonly merge: { readonly bytes: number; readonly bufferBytes: number; readonly inputsMax: number };
  /** As an object store composes: all parts but the last have so many bytes; undefined: it does not. */
  readonly composePartBytesMin: number | undefined;
  readonly collectionEveryMs: number;
  /** 0 as well: what keeps collection safe is no age. */
  readonly collectionAgeMs: number;
}

export function drawUpkeepStory(random: SeededRandom): UpkeepStory {
  const topics = random.chance(0.85) ? [drawTopic(random)] : [];
  return {
    topics,
    producers: topics.map(({ name }) => drawProducer(random, name)),
    retentionEveryMs: random.pick([6000, 20_000, 60_000]),
    collectionEveryMs: random.pick([4000, 12_000, 30_000]),
    collectionAgeMs: random.pick([0, 0, 0, 300, 1500, 1500, 10_000, 70_000]),
    rewritingEveryMs: random.pick([2500, 8000, 15_000]),
    merge: {
      bytes: random.pick([6000, 20_000, 200_000]),
      bufferBytes: random.pick([300, 3000]),
      inputsMax: random.pick([2, 2, 3, 8]),
    },
    composePartBytesMin: random.pick([undefined, 1, 400, 2000]),
  };
}

function drawTopic(random: SeededRandom): ShrinkingTopic {
  const byBytes = random.chance(0.5) ? { "retention.bytes": String(random.pick([200, 2000, 20_000])) } : {};
  const byTime = random.chance(0.5) ? { "retention.ms": String(random.pick([0, 2000, 20_000])) } : {};
  return {
    name: "shrinking",
    partitions: random.pick([1, 1, 2]),
    deletedEveryMs: random.chance(0.3) ? 20_000 : undefined,
    configs: { ...byBytes, ...byTime },
    recordsDeletedEveryMs: random.chance(0.9) ? random.pick([1500, 4000]) : undefined,
    deleters: random.pick([1, 2, 3]),
  };
}

function drawProducer(random: SeededRandom, topic: string): ProducerStory {
  return {
    name: "shrinking-producer",
    idempotent: random.chance(0.4),
    pauseMs: random.pick([200, 400, 900]),
    recordsMax: random.pick([1, 3, 10]),
    valueBytes: random.pick([
      [20, 80],
      [20, 300, 2500, 6000],
    ]),
    topics: [topic],
  };
}
