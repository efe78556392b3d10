import type { SeededRandom } from "../seeded-random.ts";
import type { ProducerStory, TopicStory } from "../story.ts";
import type { LifeStory } from "./member-slot.ts";

/** Who consumes one topic together, and what happens to them. */
export interface GroupStory {
  readonly topics: readonly GroupTopicStory[];
  readonly producers: readonly ProducerStory[];
  readonly members: readonly MemberStory[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  /** How often a broker looks after groups that nobody speaks for. */
  readonly keptEveryMs: number;
  /** Of commits that arrive a second time, and mean ms by which later. */
  readonly repeatedChance: number;
  readonly repeatedAfterMs: number;
}

export interface GroupTopicStory extends TopicStory {
  /** Partitions that it is created with; it grows to `partitions`. */
  readonly partitionsFirst: number;
  readonly growsAfterMs: number;
}

/** Between two fetches it pauses as long as between two lives. */
export interface MemberStory extends LifeStory {
  readonly assignor: "uniform" | "range" | undefined;
  readonly commitChance: number;
  readonly fetchBytes: number;
}

const PRESENT = 0.5;

export function drawGroupStory(random: SeededRandom): GroupStory {
  const present = random.chance(PRESENT);
  const topic = drawTopic(random);
  const sessionTimeoutMs = random.pick([3000, 8000, 20_000]);
  const members = Array.from({ length: random.between(1, 4) }, (_, at) => drawMember(random, at, sessionTimeoutMs));
  return {
    topics: present ? [topic] : [],
    producers: present ? [drawProducer(random, topic.name)] : [],
    members: present ? members : [],
    sessionTimeoutMs,
    heartbeatIntervalMs: random.pick([500, 1000]),
    rebalanceTimeoutMs: random.pick([6000, 20_000, 60_000]),
    keptEveryMs: random.pick([3000, 30_000]),
    repeatedChance: random.pick([0, 0.2, 0.5]),
    repeatedAfterMs: random.pick([1000, 4000, 12_000]),
  };
}

function drawTopic(random: SeededRandom): GroupTopicStory {
  const partitions = random.between(1, 4);
  const fate = random.pick(["stays", "grows", "grows", "is deleted"]);
  return {
    name: "grouped",
    partitions,
    partitionsFirst: fate === "grows" ? random.between(1, partitions) : partitions,
    growsAfterMs: random.between(2000, 20_000),
    deletedEveryMs: fate === "is deleted" ? 20_000 : undefined,
  };
}

function drawMember(random: SeededRandom, at: number, sessionTimeoutMs: number): MemberStory {
  return {
    name: `member-${at}`,
    instanceId: random.chance(0.25) ? `place-${at}` : undefined,
    assignor: random.pick([undefined, undefined, "uniform", "range"]),
    pauseMs: random.pick([400, 1000, 3000]),
    commitChance: random.pick([0.3, 1, 1]),
    fetchBytes: random.pick([300, 3000, 1_000_000]),
    lifeMs: random.pick([8000, 20_000, 200_000]),
    freezesEveryMs: random.chance(0.6) ? random.pick([sessionTimeoutMs, 2 * sessionTimeoutMs]) : undefined,
  };
}

function drawProducer(random: SeededRandom, topic: string): ProducerStory {
  return {
    name: "grouped-producer",
    idempotent: true,
    pauseMs: random.pick([200, 600]),
    recordsMax: random.pick([1, 4]),
    valueBytes: [20, 80],
    topics: [topic],
  };
}
