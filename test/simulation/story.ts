import { drawGroupStory, type GroupStory } from "./groups/group-story.ts";
import { drawKeyedStory, type KeyedStory } from "./keyed/keyed-story.ts";
import { drawRestoreStory, type RestoreStory } from "./restore/restore-story.ts";
import { drawSdkStory, type SdkStory } from "./sdk/sdk-story.ts";
import { drawSdkGroupStory, type SdkGroupStory } from "./sdk-group/sdk-group-story.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { TideStory } from "./tide.ts";
import { drawUpkeepStory, type UpkeepStory } from "./upkeep/upkeep-story.ts";

export interface TopicStory {
  readonly name: string;
  readonly partitions: number;
  /** Mean ms between deletions, each followed by a new creation; undefined: it stays. */
  readonly deletedEveryMs: number | undefined;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface ProducerStory {
  readonly name: string;
  readonly idempotent: boolean;
  /** Mean ms between two batches to one partition. */
  readonly pauseMs: number;
  readonly recordsMax: number;
  /** Lengths of values: small goes inline, then staged items, then staged objects. */
  readonly valueBytes: readonly number[];
  readonly topics: readonly string[];
}

export interface ReaderStory {
  readonly name: string;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly pauseMs: number;
}

/** What a run is about, drawn from its seed: who does what, and on how many brokers, under which limits. */
export interface Story {
  readonly brokers: number;
  /** Wall-clock errors of brokers in the order in which they start. */
  readonly skewMs: readonly number[];
  readonly activeMs: number;
  readonly tide: TideStory;
  readonly topics: readonly TopicStory[];
  readonly producers: readonly ProducerStory[];
  readonly readers: readonly ReaderStory[];
  /** Clients that are the product's own, beside the small ones. */
  readonly sdk: SdkStory;
  readonly limits: LimitStory;
  /** The topic whose configs administrators alter, all at once. */
  readonly altered: string | undefined;
  readonly upkeep: UpkeepStory;
  readonly keyed: KeyedStory;
  readonly groups: GroupStory;
  readonly sdkGroup: SdkGroupStory;
  readonly restore: RestoreStory;
  /** Whether the product's own retrying wrapper is around the stores, or every failure reaches the engine. */
  readonly retrying: boolean;
  /** Whether the AWS SDK below the stores repeats requests by itself. */
  readonly awsRetries: boolean;
  /** Of every other broker, as when two versions run side by side; undefined: all are alike. */
  readonly otherLimits: LimitStory | undefined;
}

export interface LimitStory {
  readonly tailEntriesSoft: number;
  readonly tailEntriesHard: number;
  readonly tailBytesSoft: number;
  readonly inlineBytesMax: number;
  readonly stagedItemBytesMax: number;
  readonly rollBytes: number;
  readonly rollAgeMs: number;
  readonly headProducersSoft: number;
  readonly lingerMs: number;
}

const SIZES = [
  [20, 80],
  [200, 900],
  [1500, 5000],
  [20, 300, 2500, 6000],
] as const;
const SKEWS_MS = [0, 50, 2000, 60_000, 300_000];

export function drawStory(random: SeededRandom): Story {
  const topics = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, (_, at) => drawTopic(random, at));
  const names = topics.map((topic) => topic.name);
  const skewMs = random.pick(SKEWS_MS);
  return {
    brokers: random.pick([1, 2, 2, 3, 3, 3]),
    skewMs: Array.from({ length: 40 }, () => Math.round((random.fraction() * 2 - 1) * skewMs)),
    activeMs: random.between(120_000, 270_000),
    tide: drawTide(random.fork("tide")),
    topics,
    producers: Array.from({ length: random.between(2, 4) }, (_, at) => drawProducer(random, at, topics)),
    readers: Array.from({ length: random.between(1, 2) }, (_, at) => drawReader(random, at, topics)),
    limits: drawLimits(random),
    altered: names[0],
    upkeep: drawUpkeepStory(random.fork("upkeep")),
    retrying: random.chance(0.6),
    sdk: drawSdkStory(random.fork("sdk"), names),
    keyed: drawKeyedStory(random.fork("keyed")),
    groups: drawGroupStory(random.fork("groups")),
    restore: drawRestoreStory(random.fork("restore")),
    awsRetries: random.chance(0.5),
    otherLimits: random.chance(0.5) ? drawLimits(random) : undefined,
    sdkGroup: drawSdkGroupStory(random.fork("sdk-group")),
  };
}

function drawTide(random: SeededRandom): TideStory {
  const dayMs = random.pick([4000, 12_000, 25_000]);
  return { dayMs, nightMs: dayMs * random.pick([2, 4, 7]) };
}

function drawTopic(random: SeededRandom, at: number): TopicStory {
  return {
    name: `topic-${at}`,
    partitions: random.pick([1, 1, 1, 2, 3]),
    deletedEveryMs: at > 0 && random.chance(0.5) ? random.pick([8000, 20_000]) : undefined,
  };
}

function drawProducer(random: SeededRandom, at: number, all: readonly TopicStory[]): ProducerStory {
  const topics = random.chance(0.5) ? all : [random.pick(all)];
  return {
    name: `producer-${at}`,
    idempotent: random.chance(0.35),
    pauseMs: random.pick([80, 150, 300, 600]) * partitionsOf(topics),
    recordsMax: random.pick([1, 3, 10]),
    valueBytes: random.pick(SIZES),
    topics: topics.map(({ name }) => name),
  };
}

/** Who works on many has as much to do as who works on one. */
function partitionsOf(topics: readonly TopicStory[]): number {
  return topics.reduce((sum, { partitions }) => sum + partitions, 0);
}

function drawReader(random: SeededRandom, at: number, topics: readonly TopicStory[]): ReaderStory {
  return {
    name: `reader-${at}`,
    maxBytes: random.pick([200, 3000, 1_000_000]),
    maxWaitMs: random.pick([0, 200, 1000]),
    pauseMs: random.pick([1000, 3000, 8000]) * partitionsOf(topics),
  };
}

function drawLimits(random: SeededRandom): LimitStory {
  const tailEntriesSoft = random.pick([1, 1, 1, 2, 2, 4, 16]);
  return {
    tailEntriesSoft,
    tailEntriesHard: tailEntriesSoft + random.pick([1, 4, 32]),
    tailBytesSoft: random.pick([600, 4096, 8192]),
    inlineBytesMax: random.pick([0, 300, 300, 1500]),
    stagedItemBytesMax: random.pick([0, 1000, 4096]),
    rollBytes: random.pick([300, 300, 1000, 1000, 20_000, 1_000_000]),
    rollAgeMs: random.pick([2000, 8000, 60_000]),
    headProducersSoft: random.pick([1, 2, 64]),
    lingerMs: random.pick([0, 0, 5, 50]),
  };
}

/** More entries than that are in no tail, whichever broker has committed last. */
export function tailEntriesMaxOf({ limits, otherLimits }: Story): number {
  return Math.max(limits.tailEntriesHard, otherLimits?.tailEntriesHard ?? 0);
}
