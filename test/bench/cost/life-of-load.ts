import { openAwsBroker } from "../../../lib/aws/aws-broker.ts";
import { STAGED_ITEM_PKS } from "../../../lib/storage/item-keys.ts";
import { STAGED_PREFIX, TOPICS_PREFIX } from "../../../lib/storage/object-keys.ts";
import { type Bill, billBetween, type Dollars, dollarsOf, lessShare } from "./bill.ts";
import { CostWorld } from "./cost-world.ts";
import { type Deployment, type DeployOptions, deploy, type Way } from "./deployments.ts";
import { type ProduceLoad, sendLoad, TOPIC } from "./produce-load.ts";

const HOUR_MS = 3_600_000;
const RETENTION_MS = 2 * HOUR_MS;
/** After the last record: until retention has let go the last segment, and the collector has come by. */
const AFTER_MS = RETENTION_MS + 3 * HOUR_MS;
const IDLE_MS = 4 * HOUR_MS;
/** Topics' own objects: everything else under topics is a segment. */
const TOPIC_OBJECTS = 1;

export interface LifeOfLoad {
  readonly requests: number;
  /** From the first request until nothing is left of the last one; what an idle log costs is taken off. */
  readonly dollars: Dollars;
  readonly objectPuts: number;
  /** Of these, those that produces waited for. */
  readonly stagedObjects: number;
  readonly writeUnits: number;
  /** Of the same log when nobody uses it, for an hour. */
  readonly idleHour: Bill;
}

/**
 * Sends a load to a new log and lets time pass until every record has been staged, committed, spilled, rolled, merged,
 * retained and collected. Throws when anything is left.
 */
export async function lifeOfLoad(way: Way, load: ProduceLoad, options: DeployOptions): Promise<LifeOfLoad> {
  const world = new CostWorld();
  const log = await deploy(world, way, options);
  await createTopic(world, load.partitions);
  const before = log.bill();
  const startedMs = world.runtime.clock.monotonicMs();
  const requests = await world.run(sendLoad(world, log, load));
  await world.pass(AFTER_MS);
  await checkEmpty(world);
  const stagedObjects = world.counted.get("log.stage.object") ?? 0;
  const whole = billBetween(before, log.bill());
  const wholeMs = world.runtime.clock.monotonicMs() - startedMs;
  const idle = await idleBill(world, log);
  const share = wholeMs / IDLE_MS;
  const dollars = lessShare(dollarsOf(whole), dollarsOf(idle), share);
  await log.close();
  return {
    requests,
    dollars,
    stagedObjects,
    objectPuts: whole.stores.objectPuts - idle.stores.objectPuts * share,
    writeUnits: whole.stores.writeUnits - idle.stores.writeUnits * share,
    idleHour: perHour(idle),
  };
}

async function idleBill(world: CostWorld, log: Deployment): Promise<Bill> {
  const before = log.bill();
  await world.pass(IDLE_MS);
  return billBetween(before, log.bill());
}

function perHour({ stores, ...rest }: Bill): Bill {
  const hours = IDLE_MS / HOUR_MS;
  const each = (value: number): number => value / hours;
  return {
    stores: Object.fromEntries(Object.entries(stores).map(([name, count]) => [name, each(count)])) as Bill["stores"],
    invocations: each(rest.invocations),
    gbSeconds: each(rest.gbSeconds),
    gatewayUnits: each(rest.gatewayUnits),
  };
}

/** The topic of a load, by a broker that is not counted. */
export async function createTopic(world: CostWorld, partitions: number): Promise<void> {
  const { stores } = world.account();
  const broker = await world.run(openAwsBroker(stores, world.runtime, { backgroundWork: false }));
  const configs = { "retention.ms": String(RETENTION_MS), "max.message.bytes": String(2 * 1024 * 1024) };
  const topics = [{ name: TOPIC, partitions, configs }];
  for (const created of await world.run(broker.service.createTopics(world.context(), { topics }))) {
    if (!created.ok) throw created.error;
  }
  await world.run(broker.close());
}

async function checkEmpty(world: CostWorld): Promise<void> {
  const call = world.context();
  const staged = await world.objects.list(STAGED_PREFIX, call);
  const segments = await world.objects.list(TOPICS_PREFIX, call);
  const items = await Promise.all(STAGED_ITEM_PKS.map((pk) => world.items.query({ pk, limit: 1 }, call)));
  const left = {
    stagedObjects: staged.objects.length,
    segments: segments.objects.length - TOPIC_OBJECTS,
    stagedItems: items.reduce((sum, page) => sum + page.items.length, 0),
  };
  if (Object.values(left).every((count) => count === 0)) return;
  throw new Error(`not everything was collected, so not everything was counted: ${JSON.stringify(left)}`);
}
