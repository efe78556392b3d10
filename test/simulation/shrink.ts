import type { PromiseName } from "./anomaly.ts";
import type { StartBroker } from "./cluster.ts";
import { NO_SDK_GROUP } from "./sdk-group/sdk-group-story.ts";
import { type RunResult, type SimulateOptions, simulate } from "./simulation.ts";
import type { ProducerStory, Story } from "./story.ts";

/** Runs that a shrinking may take. */
const RUNS_MAX = 300;
const ACTIVE_MS_MIN = 2000;

export interface Shrunk {
  readonly promise: PromiseName;
  readonly story: Story;
  /** Faults that the failure does without. */
  readonly without: readonly string[];
  readonly result: RunResult;
  readonly runs: number;
}

interface Attempt {
  readonly story: Story;
  readonly without: readonly string[];
}

/**
 * A smaller story of the same seed that breaks the same promise: fewer clients, brokers, partitions, records and
 * faults, and less time. One change at a time, kept when the failure stays. Undefined when the seed is clean.
 */
export async function shrink(
  seed: number,
  start: StartBroker,
  options: SimulateOptions = {},
): Promise<Shrunk | undefined> {
  let result = await simulate(seed, start, options);
  const promise = result.anomalies[0]?.promise;
  if (promise === undefined) return undefined;
  let kept: Attempt = { story: result.story, without: [...(options.without ?? [])] };
  let runs = 1;
  for (let smaller = true; smaller && runs < RUNS_MAX; ) {
    smaller = false;
    for (const attempt of smallerOf(kept, result)) {
      if (runs++ >= RUNS_MAX) break;
      const tried = await simulate(seed, start, { ...options, without: attempt.without, edit: () => attempt.story });
      if (!tried.anomalies.some((anomaly) => anomaly.promise === promise)) continue;
      kept = attempt;
      result = tried;
      smaller = true;
      break;
    }
  }
  return { promise, ...kept, result, runs };
}

/** The large steps first: whole clients, then faults that fired, then what each client does. */
function* smallerOf({ story, without }: Attempt, { faults }: RunResult): Generator<Attempt> {
  for (const smaller of smallerStories(story)) yield { story: smaller, without };
  for (const kind of Object.keys(faults)) if (!without.includes(kind)) yield { story, without: [...without, kind] };
}

function* smallerStories(story: Story): Generator<Story> {
  const { sdk, upkeep, keyed, groups, sdkGroup } = story;
  for (const producers of withoutOne(sdk.producers)) yield { ...story, sdk: { ...sdk, producers } };
  for (const consumers of withoutOne(sdk.consumers)) yield { ...story, sdk: { ...sdk, consumers } };
  for (const producers of withoutOne(story.producers)) yield { ...story, producers };
  for (const readers of withoutOne(story.readers)) yield { ...story, readers };
  if (upkeep.topics.length > 0) yield { ...story, upkeep: { ...upkeep, topics: [], producers: [] } };
  if (story.altered !== undefined) yield { ...story, altered: undefined };
  if (keyed.topics.length > 0) yield { ...story, keyed: { ...keyed, topics: [], longerMs: 0 } };
  if (story.restore.happens) yield { ...story, restore: { ...story.restore, happens: false } };
  if (groups.topics.length > 0) yield { ...story, groups: { ...groups, topics: [], producers: [], members: [] } };
  for (const members of withoutOne(groups.members)) yield { ...story, groups: { ...groups, members } };
  if (sdkGroup.topics.length > 0) yield { ...story, sdkGroup: NO_SDK_GROUP };
  for (const members of withoutOne(sdkGroup.members)) yield { ...story, sdkGroup: { ...sdkGroup, members } };
  yield* smallerTopics(story);
  if (story.brokers > 1) yield { ...story, brokers: story.brokers - 1 };
  if (story.activeMs > ACTIVE_MS_MIN) yield { ...story, activeMs: Math.floor(story.activeMs / 2) };
  if (story.skewMs.some((ms) => ms !== 0)) yield { ...story, skewMs: [0] };
  for (const [at, producer] of story.producers.entries()) {
    for (const smaller of smallerProducers(producer)) yield { ...story, producers: story.producers.with(at, smaller) };
  }
}

/** A topic goes only when no client is bound to it any more. */
function* smallerTopics(story: Story): Generator<Story> {
  const clients = [...story.producers, ...story.sdk.producers, ...story.sdk.consumers];
  for (const [at, topic] of story.topics.entries()) {
    const used = clients.some(({ topics }) => topics.includes(topic.name));
    if (!used && story.topics.length > 1) yield { ...story, topics: story.topics.toSpliced(at, 1) };
    if (topic.partitions > 1) yield { ...story, topics: story.topics.with(at, { ...topic, partitions: 1 }) };
    if (topic.deletedEveryMs !== undefined) {
      yield { ...story, topics: story.topics.with(at, { ...topic, deletedEveryMs: undefined }) };
    }
  }
}

function* smallerProducers(producer: ProducerStory): Generator<ProducerStory> {
  if (producer.topics.length > 1) yield { ...producer, topics: producer.topics.slice(0, 1) };
  if (producer.recordsMax > 1) yield { ...producer, recordsMax: 1 };
  if (producer.valueBytes.length > 1) yield { ...producer, valueBytes: producer.valueBytes.slice(0, 1) };
}

function withoutOne<Client>(clients: readonly Client[]): Client[][] {
  return clients.map((_, at) => clients.toSpliced(at, 1));
}
