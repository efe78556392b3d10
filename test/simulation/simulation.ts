import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import type { LogService, RequestContext } from "../../lib/api/log-service.ts";
import { ANONYMOUS } from "../../lib/api/log-service.ts";
import { synchronousCodecs } from "../../lib/base/codecs.ts";
import { isLogError, messageOf } from "../../lib/base/errors.ts";
import { silentMeter } from "../../lib/base/meter.ts";
import type { Anomaly } from "./anomaly.ts";
import { checkFinalLog } from "./checkers/final-log.ts";
import { watchedForSafety } from "./checkers/horizons.ts";
import { type Rewrites, watchedForIdentity } from "./checkers/merge-identity.ts";
import { readFinalLog } from "./checkers/read-final-log.ts";
import { checkStoredState } from "./checkers/stored-state.ts";
import { AlteringAdmins } from "./clients/altering-admin.ts";
import type { LanePlace } from "./clients/batch-maker.ts";
import { IdempotentProducer } from "./clients/idempotent-producer.ts";
import { PlainProducer } from "./clients/plain-producer.ts";
import { Reader } from "./clients/reader.ts";
import { TopicAdmin } from "./clients/topic-admin.ts";
import { type BrokerParts, Cluster, type StartBroker } from "./cluster.ts";
import { type FaultCounts, Faults } from "./faults.ts";
import { fillingStores } from "./filling-stores.ts";
import { GroupLedger } from "./groups/group-ledger.ts";
import { GroupRun, groupPlaces, judgeGroup } from "./groups/run-groups.ts";
import { GROUP_ID, SDK_GROUP_ID, watchedForGroups } from "./groups/stored-groups.ts";
import { HeldBack } from "./held-back.ts";
import { History } from "./history.ts";
import { KeyedLedger } from "./keyed/keyed-ledger.ts";
import { KeyedProducer } from "./keyed/keyed-producer.ts";
import { readKeyed, readOnce } from "./keyed/keyed-reader.ts";
import { type Endpoint, Network } from "./network.ts";
import { type Operation, OperationLog } from "./operation-log.ts";
import { mixed } from "./profiles.ts";
import { restoreAndJudge } from "./restore/run-restore.ts";
import { Scheduler } from "./scheduler.ts";
import { checkFinalRecords } from "./sdk/check-final-records.ts";
import { RecordLedger } from "./sdk/record-ledger.ts";
import { SdkConsumer } from "./sdk/sdk-consumer.ts";
import { SdkProducer } from "./sdk/sdk-producer.ts";
import { judgeHandled, SdkGroupRun } from "./sdk-group/run-sdk-group.ts";
import { SdkGroupLedger } from "./sdk-group/sdk-group-ledger.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import type { StoreWorld } from "./store-line.ts";
import { drawStory, type Story, type TopicStory, tailEntriesMaxOf } from "./story.ts";
import { Tide } from "./tide.ts";
import { Trace } from "./trace.ts";
import { CalledCollector } from "./upkeep/called-collector.ts";
import { CalledRewriter } from "./upkeep/called-rewriter.ts";
import { collectEverything } from "./upkeep/collect-everything.ts";
import { RecordDeleter } from "./upkeep/record-deleter.ts";
import type { World } from "./world.ts";

export interface RunResult {
  readonly seed: number;
  readonly anomalies: readonly Anomaly[];
  readonly faults: FaultCounts;
  readonly rewrites: Rewrites;
  readonly operations: number;
  readonly batches: number;
  readonly acknowledged: number;
  readonly virtualMs: number;
  readonly trace: readonly string[];
  readonly story: Story;
  /** When asked for: what happened to those topics that are never deleted. */
  readonly operationsOnLog: readonly Operation[];
}

export interface SimulateOptions {
  /** Makes another story of the one that the seed draws; the mix of the tests unless told otherwise. */
  readonly edit?: (story: Story) => Story;
  /** Whether requests are written down for a checker outside. */
  readonly recorded?: boolean;
  /** Whether the timeline is kept (unless told otherwise). */
  readonly traced?: boolean;
  /** Faults that never fire. */
  readonly without?: readonly string[];
  /** Put around the stores as a restore sees them. */
  readonly restoreParts?: (parts: BrokerParts) => BrokerParts;
  /** Put around what the SDK in a client talks to. */
  readonly clientService?: (service: LogService) => LogService;
}

/** Virtual ms by which everything has to be over once faults have stopped: late requests included. */
const SETTLE_MS = 240_000;
/** As long as that, topics are created under faults; what is not there by then comes without them. */
const CREATION_MS = 30_000;
/** The judge's clock is so far ahead that everything is old to its collector, whatever the clock of who wrote it. */
const JUDGE_AHEAD_MS = 3_600_000;

/** Runs one seed from the first broker's start to the judgement of what it left behind. */
export async function simulate(seed: number, start: StartBroker, options: SimulateOptions = {}): Promise<RunResult> {
  const random = new SeededRandom(seed, "run");
  const scheduler = new Scheduler();
  const trace = new Trace(scheduler, options.traced);
  const faults = new Faults(random.fork("faults"), options.without);
  const history = new History(trace, () => scheduler.nowMs);
  const drawn = drawStory(random.fork("story"));
  const story = (options.edit ?? mixed)(drawn);
  const stores = { objects: objectsOf(story), items: new MemoryItemStore() };
  const base: StoreWorld = {
    scheduler,
    random: random.fork("stores"),
    faults,
    trace,
    heldBack: new HeldBack(scheduler, random.fork("held")),
    operations: 0,
    underWay: 0,
  };
  const codecs = synchronousCodecs();
  const stopWatching = watchRejections(history);
  const rewrites: Rewrites = { rolls: 0, merges: 0, compactions: 0 };
  const groups = new GroupLedger(history);
  const sdkGroup = new SdkGroupLedger(history, story.sdkGroup.topics);
  let itemsLost = false;
  const safe = watchedForSafety(history, stores, () => itemsLost);
  const forIdentity = watchedForIdentity(history, safe, rewrites, () => itemsLost);
  const ledgers = { [GROUP_ID]: groups, [SDK_GROUP_ID]: sdkGroup.groups };
  const watched = fillingStores({ ...safe, items: watchedForGroups(forIdentity, history, ledgers) }, base);
  const cluster = new Cluster({ world: base, story, history, codecs, start, ...watched });
  const operations = options.recorded === true ? new OperationLog(history) : undefined;
  const stage = Object.assign(base, {
    story,
    history,
    records: new RecordLedger(history),
    keyed: new KeyedLedger(history),
    groups,
    sdkGroup,
    clientService: options.clientService ?? ((service: LogService) => service),
    cluster,
    tide: new Tide(scheduler, story.tide),
    network: new Network(base, operations),
    operationLog: operations,
    client: (name: string) =>
      new SimulatedProcess({ name, scheduler, random: random.fork(name), codecs, meter: silentMeter, skewMs: 0 }),
    fork: (stream: string) => random.fork(stream),
  });
  const world: World = Object.assign(stage, { alterations: new AlteringAdmins(stage, story.altered) });
  changeWeather(world);
  try {
    await act(world);
    const endpoint = await judge(world, stores);
    // A checker outside knows nothing of offsets that leap.
    const restores = story.restore.happens && operations === undefined && history.anomalies.length === 0;
    if (restores && endpoint !== undefined) {
      itemsLost = true;
      const around = options.restoreParts ?? ((parts: BrokerParts) => parts);
      const places = [...placesOf(story), ...groupPlaces(story.groups), ...groupPlaces(story.sdkGroup)];
      const restored = restoreAndJudge(world, { stores, codecs, start, judge: endpoint, places, around });
      if (!(await finishes(world, restored, scheduler.nowMs + SETTLE_MS))) {
        history.report("Liveness", "the restored log does not come to rest");
      }
    }
  } catch (error) {
    history.report("Invariant", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    stopWatching();
  }
  return {
    seed,
    anomalies: history.anomalies,
    faults: faults.counts,
    rewrites,
    operations: world.operations,
    batches: history.batches.length,
    acknowledged: history.batches.filter((batch) => batch.outcome === "acknowledged").length,
    virtualMs: scheduler.nowMs,
    trace: trace.lines,
    story,
    operationsOnLog: operations?.operations.filter(({ partition }) => stays(story, partition)) ?? [],
  };
}

function objectsOf({ upkeep }: Story): MemoryObjectStore {
  const { composePartBytesMin } = upkeep;
  return new MemoryObjectStore(composePartBytesMin === undefined ? {} : { composePartBytesMin });
}

function changeWeather(world: World): void {
  const { faults, scheduler } = world;
  if (!faults.stopped) scheduler.after(faults.changeWeather(), () => changeWeather(world));
}

async function act(world: World): Promise<void> {
  const { scheduler, faults, history, story } = world;
  const admin = new TopicAdmin(world);
  const group = new GroupRun(world);
  const sdkGroup = story.sdkGroup.members.length > 0 ? new SdkGroupRun(world) : undefined;
  const topics = [...topicsOf(story), ...story.keyed.topics];
  for (const { name, configs } of topicsOf(story))
    if (Object.keys(configs ?? {}).length > 0) history.topicShrinks(name);
  const grouped = story.sdkGroup.topics.map((topic) => ({ ...topic, partitions: topic.partitionsFirst }));
  const created = Promise.all([...topics, ...grouped].map((topic) => admin.create(topic)));
  if (!(await finishes(world, created, scheduler.nowMs + CREATION_MS))) await finishWithoutFaults(world, created);
  let stopping = false;
  const stopped = (): boolean => stopping;
  const work = Promise.all([
    ...topics.map((topic) => admin.churn(topic, stopped)),
    group.run(stopped),
    sdkGroup?.run(),
    ...story.upkeep.topics.flatMap((topic) =>
      placesOf(story, [topic.name]).flatMap(({ partition }) =>
        Array.from({ length: topic.deleters }, (_, at) =>
          new RecordDeleter(world, `deleter-${at}`).run(topic, partition, stopped),
        ),
      ),
    ),
    ...[...story.producers, ...story.upkeep.producers].flatMap((producer) => {
      const client = producer.idempotent ? new IdempotentProducer(world, producer) : new PlainProducer(world, producer);
      return placesOf(story, producer.topics).map((place) => client.run(place, stopped));
    }),
    ...story.sdk.producers.map((producer) => new SdkProducer(world, producer).run(stopped)),
    ...story.sdk.consumers.map((consumer) => new SdkConsumer(world, consumer).run(stopped)),
    ...story.readers.flatMap((reader) => {
      const client = new Reader(world, reader);
      return placesOf(story).map((place) => client.follow(place, stopped));
    }),
    world.alterations.run(stopped),
  ]);
  const collector = new CalledCollector(world);
  void collector.start();
  world.heldBack.onAwaited(() => collector.call());
  const rewriter = new CalledRewriter(world);
  world.heldBack.onReplacementAwaited(() => rewriter.call());
  let keyedStopping = false;
  const keyedWork = keyedClients(world, () => keyedStopping);
  await scheduler.run(() => false, scheduler.nowMs + story.activeMs);
  stopping = true;
  await scheduler.run(() => false, scheduler.nowMs + story.keyed.longerMs);
  keyedStopping = true;
  world.tide.end();
  collector.end();
  faults.stop();
  world.cluster.thawAll();
  // Sessions are measured by wall clocks: those have to be right for a group to come to rest.
  if (story.groups.members.length > 0 || sdkGroup !== undefined) world.cluster.setClocksRight();
  world.trace.note("WORLD", "faults stop");
  if (!(await finishes(world, Promise.all([work, keyedWork]), scheduler.nowMs + SETTLE_MS))) {
    const what = [
      "clients are not done though faults have stopped",
      ...group.unsettled(),
      ...(sdkGroup?.unsettled() ?? []),
    ].join("; ");
    history.report("Liveness", what);
  }
  if (!(await scheduler.run(() => world.underWay === 0 && world.cluster.allUp(), scheduler.nowMs + SETTLE_MS))) {
    history.report("Liveness", "brokers are not up though faults have stopped");
  }
}

async function finishWithoutFaults(world: World, work: Promise<unknown>): Promise<void> {
  const { scheduler, faults, cluster, history } = world;
  faults.pause();
  cluster.thawAll();
  if (!(await finishes(world, work, scheduler.nowMs + SETTLE_MS))) {
    history.report("Liveness", "topics cannot be created though nothing fails");
  }
  faults.resume();
}

/** Those who write and read the compacted topics. */
function keyedClients(world: World, stopping: () => boolean): Promise<unknown> {
  const { topics, producers } = world.story.keyed;
  const places = topics.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
  );
  return Promise.all(
    places.flatMap((place) => [
      readKeyed(world, world.keyed, place, stopping),
      ...Array.from({ length: producers }, (_, at) =>
        new KeyedProducer(world, world.keyed, `keyed-${at}-${place.partition}`).run(place, stopping),
      ),
    ]),
  );
}

async function judgeKeyed(world: World, endpoint: Endpoint, context: () => RequestContext): Promise<void> {
  const service = endpoint.service as LogService;
  const { codecs } = endpoint.process.runtime;
  for (const { name: topic, partitions } of world.story.keyed.topics) {
    for (let partition = 0; partition < partitions; partition++) {
      try {
        await readOnce(world, world.keyed, { topic, partition }, codecs, async (request) => {
          return (await service.fetch(context(), request)).partitions[0];
        });
      } catch (error) {
        reportUnread(world.history, { topic, partition }, error);
      }
    }
  }
}

/** Without faults, all that was acknowledged can be read. */
function reportUnread(history: History, { topic, partition }: LanePlace, error: unknown): void {
  history.report("AckDurable", `${topic}-${partition} cannot be read without faults: ${messageOf(error)}`);
}

/** Answers with the broker that it has judged by. */
async function judge(
  world: World,
  stores: { objects: MemoryObjectStore; items: MemoryItemStore },
): Promise<Endpoint | undefined> {
  const { scheduler, history, story } = world;
  let endpoint: Endpoint | undefined;
  const judgement = async (): Promise<void> => {
    endpoint = await world.cluster.startExtra("judge", JUDGE_AHEAD_MS);
    const { clock } = endpoint.process.runtime;
    const context = () => ({ principal: ANONYMOUS, clientId: "judge", deadlineMs: clock.monotonicMs() + 15_000 });
    await collectEverything(world, stores, endpoint.service as LogService, context);
    for (const place of [...placesOf(story), ...groupPlaces(story.groups), ...groupPlaces(story.sdkGroup)])
      await judgePartition(world, endpoint, place);
    const service = endpoint.service as LogService;
    await judgeGroup(world, { groupId: GROUP_ID, places: groupPlaces(story.groups) }, service, context);
    await judgeGroup(world, { groupId: SDK_GROUP_ID, places: groupPlaces(story.sdkGroup) }, service, context);
    judgeHandled(world);
    await world.alterations.judge("in the end", endpoint, context);
    await judgeKeyed(world, endpoint, context);
  };
  let failed: unknown;
  const done = judgement().catch((error: unknown) => {
    failed = error;
  });
  if (!(await finishes(world, done, scheduler.nowMs + SETTLE_MS)))
    history.report("Liveness", "the final read does not end");
  if (failed !== undefined) history.report("Invariant", `the final read: ${messageOf(failed)}`);
  await checkStoredState(history, stores, tailEntriesMaxOf(story));
  return endpoint;
}

async function judgePartition(world: World, endpoint: Endpoint, place: LanePlace): Promise<void> {
  const { history } = world;
  const own = endpoint.service as LogService;
  const service = world.operationLog?.recorded(own, "judge") ?? own;
  const { clock } = endpoint.process.runtime;
  const context = () => ({ principal: ANONYMOUS, clientId: "judge", deadlineMs: clock.monotonicMs() + 15_000 });
  try {
    const log = await readFinalLog(service, context, place);
    checkFinalLog(history, log);
    await checkFinalRecords(history, world.records, log, endpoint.process.runtime.codecs);
  } catch (error) {
    if (history.isMurky(place.topic) && isLogError(error, "UnknownTopicOrPartition")) return;
    reportUnread(history, place, error);
  }
}

async function finishes(world: World, work: Promise<unknown>, untilMs: number): Promise<boolean> {
  let done = false;
  let failure: unknown;
  work.then(
    () => {
      done = true;
    },
    (error: unknown) => {
      failure = error;
      done = true;
    },
  );
  const finished = await world.scheduler.run(() => done, untilMs);
  if (failure !== undefined) throw failure;
  return finished;
}

function topicsOf(story: Story): readonly TopicStory[] {
  return [...story.topics, ...story.upkeep.topics];
}

function placesOf(story: Story, topics?: readonly string[]): LanePlace[] {
  return topicsOf(story)
    .filter((topic) => topics === undefined || topics.includes(topic.name))
    .flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    );
}

/** A partition of the main topics that nobody deletes: its log is one list from the beginning to the end. */
function stays(story: Story, partition: string): boolean {
  return story.topics.some(
    ({ name, deletedEveryMs }) => deletedEveryMs === undefined && partition.startsWith(`${name}/`),
  );
}

/** A rejection that nobody handles would take a real broker down. */
function watchRejections(history: History): () => void {
  const listener = (reason: unknown): void => {
    history.report(
      "Invariant",
      `unhandled rejection: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`,
    );
  };
  process.on("unhandledRejection", listener);
  return () => process.off("unhandledRejection", listener);
}
