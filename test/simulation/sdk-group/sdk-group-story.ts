import type { GroupTopicStory } from "../groups/group-story.ts";
import type { LifeStory } from "../groups/member-slot.ts";
import type { SdkProducerStory } from "../sdk/sdk-story.ts";
import type { SeededRandom } from "../seeded-random.ts";

/** How a member's application works on what it is given. */
export type Work =
  | { readonly kind: "poll"; readonly timeoutMs: number }
  | { readonly kind: "run"; readonly handler: "eachRecord" | "eachBatch"; readonly concurrency: number };

export interface SdkMemberStory extends LifeStory {
  readonly assignor: "uniform" | "range" | undefined;
  readonly work: Work;
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  /** Without auto-commit: of the times at which it could. */
  readonly commitChance: number;
  /** Without auto-commit: whether it commits what it is about to lose. */
  readonly commitsBeforeLetGo: boolean;
  readonly byPattern: boolean;
  readonly maxRecords: number;
  readonly maxPollIntervalMs: number;
  readonly closeTimeoutMs: number;
  /** Mean ms over a record or batch; over some of them `slowMs`. */
  readonly workMs: number;
  readonly slowMs: number;
  readonly slowChance: number;
  /** Of handlers that throw. */
  readonly failChance: number;
}

/** A group of the product's own consumers; it begins late, so that it costs no more than its members need. */
export interface SdkGroupStory {
  readonly topics: readonly GroupTopicStory[];
  readonly producers: readonly SdkProducerStory[];
  readonly members: readonly SdkMemberStory[];
  /** Matches the names of its topics alone. */
  readonly pattern: string;
  /** How long it is at work before faults stop, and after. */
  readonly stormyMs: number;
  readonly calmMs: number;
}

const PRESENT = 0.4;
const SECOND_TOPIC = 0.35;
const SLOW_CHANCE = 0.03;
const METADATA_AGE_MS = 2000;

export const NO_SDK_GROUP: SdkGroupStory = {
  topics: [],
  producers: [],
  members: [],
  pattern: "",
  stormyMs: 0,
  calmMs: 0,
};

export function drawSdkGroupStory(random: SeededRandom): SdkGroupStory {
  if (!random.chance(PRESENT)) return NO_SDK_GROUP;
  const topics = [drawLasting(random), ...(random.chance(SECOND_TOPIC) ? [drawDeleted(random)] : [])];
  const names = topics.map(({ name }) => name);
  return {
    topics,
    producers: [drawProducer(random, names)],
    members: Array.from({ length: random.pick([1, 2, 3, 3, 4]) }, (_, at) => drawMember(random, at)),
    pattern: "shared-.*",
    stormyMs: random.between(10_000, 40_000),
    calmMs: random.between(25_000, 50_000),
  };
}

function drawLasting(random: SeededRandom): GroupTopicStory {
  const partitions = random.between(1, 4);
  const partitionsFirst = random.chance(0.5) ? random.between(1, partitions) : partitions;
  const growsAfterMs = random.between(2000, 20_000);
  return { name: "shared-0", partitions, partitionsFirst, growsAfterMs, deletedEveryMs: undefined };
}

function drawDeleted(random: SeededRandom): GroupTopicStory {
  const partitions = random.between(1, 2);
  return { name: "shared-1", partitions, partitionsFirst: partitions, growsAfterMs: 0, deletedEveryMs: 15_000 };
}

function drawMember(random: SeededRandom, at: number): SdkMemberStory {
  return {
    name: `sdk-member-${at}`,
    instanceId: random.chance(0.25) ? `sdk-place-${at}` : undefined,
    assignor: random.pick([undefined, undefined, "uniform", "range"]),
    pauseMs: random.pick([400, 1000, 3000]),
    lifeMs: random.pick([6000, 15_000, 40_000]),
    freezesEveryMs: random.chance(0.5) ? random.pick([10_000, 25_000]) : undefined,
    work: drawWork(random),
    autoCommit: random.chance(0.6),
    autoCommitIntervalMs: random.pick([500, 2000, 5000]),
    commitChance: random.pick([0.2, 1]),
    commitsBeforeLetGo: random.chance(0.7),
    byPattern: random.chance(0.4),
    maxRecords: random.pick([1, 10, 500]),
    maxPollIntervalMs: random.pick([4000, 20_000, 60_000]),
    closeTimeoutMs: random.pick([3000, 15_000, 30_000]),
    workMs: random.pick([0, 20, 200]),
    slowMs: random.pick([1000, 8000]),
    slowChance: random.chance(0.6) ? SLOW_CHANCE : 0,
    failChance: random.pick([0, 0, 0.02]),
  };
}

function drawWork(random: SeededRandom): Work {
  if (random.chance(0.5)) return { kind: "poll", timeoutMs: random.pick([0, 300, 1500]) };
  return { kind: "run", handler: random.pick(["eachRecord", "eachBatch"]), concurrency: random.between(1, 3) };
}

function drawProducer(random: SeededRandom, topics: readonly string[]): SdkProducerStory {
  return {
    name: "sdk-shared",
    topics,
    pauseMs: random.pick([150, 400]),
    recordsMax: random.pick([1, 4]),
    valueBytes: 40,
    batchBytes: random.pick([1, 256 * 1024]),
    lingerMs: 0,
    maxInFlight: 5,
    compression: "none",
    deliveryTimeoutMs: 20_000,
    metadataAgeMs: METADATA_AGE_MS,
  };
}
