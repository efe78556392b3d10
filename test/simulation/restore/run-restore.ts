import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { ANONYMOUS, type LogService, type RequestContext } from "../../../lib/api/log-service.ts";
import type { Codecs } from "../../../lib/base/compression.ts";
import { isLogError, messageOf } from "../../../lib/base/errors.ts";
import { readIdentity } from "../../../lib/log/identity-object.ts";
import { restoreLog } from "../../../lib/log/restore/restore-log.ts";
import { storeKey } from "../../../lib/storage/item-keys.ts";
import { readFinalLog } from "../checkers/read-final-log.ts";
import { checkStoredState, type Stores } from "../checkers/stored-state.ts";
import type { LanePlace } from "../clients/batch-maker.ts";
import { expectLogError } from "../clients/errors.ts";
import { IdempotentProducer } from "../clients/idempotent-producer.ts";
import { type BrokerParts, Cluster, type StartBroker } from "../cluster.ts";
import { ItemHistory } from "../item-history.ts";
import type { Endpoint } from "../network.ts";
import { SimulatedItemStore } from "../simulated-item-store.ts";
import { SimulatedObjectStore } from "../simulated-object-store.ts";
import { StoreLine } from "../store-line.ts";
import { tailEntriesMaxOf } from "../story.ts";
import type { World } from "../world.ts";
import { checkRestored, headOf, type LostPartition, segmentsOf } from "./check-restored.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };
const PLACES_MAX = 6;
const PRODUCING_MS = 4000;
/** For what old brokers still have under way, and for collectors of both sides. */
const AFTERWARDS_MS = 12_000;
/** Without faults no request is under way for so long. */
const ARRIVED_MS = 2000;
const JUDGE_AHEAD_MS = 3_600_000;

export interface RestoreParts {
  readonly stores: Stores;
  readonly codecs: Codecs;
  readonly start: StartBroker;
  readonly judge: Endpoint;
  readonly places: readonly LanePlace[];
  /** Put around the stores as the restore sees them: a planted bug is in it. */
  readonly around: (parts: BrokerParts) => BrokerParts;
}

/** The items are lost; the log comes back from its objects, and goes on. Everything without faults. */
export async function restoreAndJudge(world: World, parts: RestoreParts): Promise<void> {
  const { history, story, cluster } = world;
  const lost = await lostPartitions(world, parts);
  if (!story.restore.oldBrokersRun) {
    cluster.shutDown();
    parts.judge.process.crash();
  }
  const old = await readIdentity(parts.stores.objects, OPEN_ENDED);
  const items = new MemoryItemStore();
  await restore(world, parts, items);
  const given = await readIdentity(parts.stores.objects, OPEN_ENDED);
  if (given === undefined || given.incarnation === old?.incarnation || given.generation <= (old?.generation ?? 0)) {
    history.report("Incarnation", `a restore has left the store incarnation ${given?.incarnation}`);
  }
  const stores = { ...parts.stores, items };
  await checkStoredState(history, stores, tailEntriesMaxOf(story));
  const restored = { ...world, cluster: clusterOver(world, parts, stores) };
  const endpoint = await restored.cluster.startExtra("restored-judge", JUDGE_AHEAD_MS);
  for (const each of lost) await judgePartition(world, endpoint, items, each);
  await world.alterations.judge("restored", endpoint, contextOf(endpoint));
  await goOn(restored, lost);
  await collectFromLost(world, parts);
  await collectOnce(endpoint);
  for (const each of lost) await judgePartition(world, endpoint, items, each);
  await checkStoredState(history, stores, tailEntriesMaxOf(story));
  restored.cluster.shutDown();
}

async function lostPartitions(world: World, { stores, judge, places }: RestoreParts): Promise<LostPartition[]> {
  const lost: LostPartition[] = [];
  for (const place of places.slice(0, PLACES_MAX)) {
    if (world.history.known(place.topic, place.partition) === undefined) continue;
    const head = await headOf(stores.items, place);
    if (head === undefined) continue;
    // Read in this order: what is rolled meanwhile need not come back for the judgement.
    const segments = await segmentsOf(stores.items, head, place.partition);
    lost.push({ head, segments, log: await readFinalLog(judge.service as LogService, contextOf(judge), place) });
  }
  return lost;
}

async function restore(world: World, parts: RestoreParts, items: MemoryItemStore): Promise<void> {
  const { story, scheduler, trace } = world;
  const { appendStaged, diesAfterMs } = story.restore;
  for (const [attempt, dies] of [diesAfterMs, undefined].entries()) {
    if (attempt === 0 && dies === undefined) continue;
    const process = world.client(`restorer-${attempt}`);
    const line = new StoreLine(world, process);
    const around = parts.around({
      objects: new SimulatedObjectStore(line, parts.stores.objects),
      items: new SimulatedItemStore(line, items, new ItemHistory(items)),
      runtime: process.runtime,
    });
    const died = new Promise<void>((resolve) => process.onCrash(resolve));
    if (dies !== undefined) scheduler.after(dies, () => process.crash());
    const done = restoreLog(around, { runtime: process.runtime, appendStaged }).then(({ complete, generation }) => {
      trace.note(process.name, `generation ${generation} is ${complete ? "complete" : "not complete"}`);
    });
    await Promise.race([done, died]);
    if (!process.crashed) return;
    trace.note(process.name, "is dead");
    // What has left it may still arrive, and may have been its last step.
    await scheduler.sleep(ARRIVED_MS);
    if ((await items.get(storeKey, OPEN_ENDED)) !== undefined) return;
  }
}

function clusterOver(world: World, { codecs, start }: RestoreParts, stores: Stores): Cluster {
  const { history } = world;
  const story = { ...world.story, brokers: Math.min(2, world.story.brokers), skewMs: [0] };
  return new Cluster({ world, story, history, codecs, start, ...stores, name: "restored" });
}

/** New records find their place above all that was ever given out. */
async function goOn(world: World, lost: readonly LostPartition[]): Promise<void> {
  const { scheduler } = world;
  const story = {
    name: "restored-producer",
    idempotent: true,
    pauseMs: 400,
    recordsMax: 3,
    valueBytes: [60, 900, 2500, 6000],
    topics: [],
  };
  const producer = new IdempotentProducer(world, story);
  const endsAtMs = scheduler.nowMs + PRODUCING_MS;
  await Promise.all(lost.map(({ log }) => producer.run(log, () => scheduler.nowMs >= endsAtMs)));
  await scheduler.sleep(AFTERWARDS_MS);
}

async function judgePartition(
  world: World,
  endpoint: Endpoint,
  items: MemoryItemStore,
  lost: LostPartition,
): Promise<void> {
  const { history } = world;
  const { topic, partition } = lost.log;
  const known = history.known(topic, partition);
  const head = await headOf(items, lost.log);
  try {
    const log = await readFinalLog(endpoint.service as LogService, contextOf(endpoint), { topic, partition });
    const { appendStaged } = world.story.restore;
    if (head !== undefined && !shrinks(world, lost)) checkRestored(history, lost, log, { head, appendStaged });
    const there = new Set(log.batches.map(({ baseOffset, bytes }) => `${baseOffset} ${history.find(bytes)?.name}`));
    for (const batch of known?.sent ?? []) {
      if (!batch.client.startsWith("restored-") || batch.outcome !== "acknowledged") continue;
      if (batch.baseOffset === undefined || batch.baseOffset < log.logStart) continue;
      if (there.has(`${batch.baseOffset} ${batch.name}`)) continue;
      history.report("AckDurable", `${topic}-${partition}: ${batch.name} is gone from the restored log`);
    }
  } catch (error) {
    if (!isLogError(error)) throw error;
    history.report("AckDurable", `${topic}-${partition} cannot be read from the restored log: ${messageOf(error)}`);
  }
}

/** Its records may go at any time. */
function shrinks({ history }: World, { log }: LostPartition): boolean {
  return history.latestStart(log) > 0;
}

/** A collector of the lost items whose clock is far ahead: it finds another log, and takes nothing of it. */
async function collectFromLost({ history, story }: World, { judge }: RestoreParts): Promise<void> {
  if (!story.restore.oldBrokersRun) return;
  try {
    await collectOnce(judge);
  } catch (error) {
    expectLogError(history, "a collection over the lost items", error);
  }
}

async function collectOnce(endpoint: Endpoint): Promise<void> {
  let after: string | undefined;
  do {
    const service = endpoint.service as LogService;
    after = (await service.collectGarbage(contextOf(endpoint)(), { after })).next;
  } while (after !== undefined);
}

function contextOf({ process }: Endpoint): () => RequestContext {
  const { clock } = process.runtime;
  return () => ({ principal: ANONYMOUS, clientId: process.name, deadlineMs: clock.monotonicMs() + 15_000 });
}
