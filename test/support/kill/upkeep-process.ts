import { ANONYMOUS, type RequestContext } from "../../../lib/api/log-service.ts";
import { type Call, callWithin } from "../../../lib/base/call.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { systemRuntime } from "../../../lib/base/system-runtime.ts";
import { openLocalStores } from "../../../lib/local/local-stores.ts";
import { collect } from "../../../lib/log/collect/collect.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { retainPartition } from "../../../lib/log/retention/retain-partition.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { type EffectiveConfigs, effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { openBroker } from "../../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import { hurriedClock } from "../hurried-clock.ts";
import { keyedBatch } from "../log/keyed-records.ts";
import { during, type Phase, watched } from "./phases.ts";
import { UPKEEP_TOPICS, upkeepRecord } from "./upkeep-records.ts";

/**
 * A broker in a process of its own, to be killed: `node upkeep-process.ts DATA_DIR CLOCK_START_MS RUN`. Produces to
 * all topics, and spills, rolls, merges, compacts, retains and collects all the time, each beside the others, with
 * limits so small that there is always something to do. Prints "acked TOPIC PARTITION OFFSET NUMBER COUNT" for every
 * batch as soon as it is acknowledged, and where its phases begin and end.
 */
const [, , dataDir = "", clockStartMs = "", run = ""] = process.argv;
const CALL_MS = 20_000;
const PAUSE_MS = 1;
/** Requests to one partition that are on their way at a time. */
const PRODUCES = 4;
const SPILL_ENTRIES = 4;
const ROLL_BYTES = 4000;
const log = {
  ...embeddedLogSettings,
  placement: { inlineBytesMax: 200, stagedItemBytesMax: 600 },
  tail: { ...embeddedLogSettings.tail, entriesSoftMax: 12 },
  merge: { bytes: 60_000, bufferBytes: 10_000, inputsMax: 4 },
  compactionKeysBytesMax: 2000,
};

const clock = hurriedClock(Number(clockStartMs));
const runtime = { ...(await systemRuntime()), clock };
const stores = await openLocalStores({ dataDir }, runtime);
const broker = await openBroker({
  objects: watched(stores.objects),
  items: watched(stores.items),
  runtime,
  settings: { ...defaultBrokerSettings, backgroundWork: false, log },
});
const { context, upkeep, catalog } = broker.engine;
const newCall = (): Call => callWithin(clock, CALL_MS);
const newContext = (): RequestContext => ({ principal: ANONYMOUS, clientId: "upkeep", ...newCall() });

/** Over and over; what another has changed meanwhile is met again the next time. */
async function always(work: () => Promise<unknown>): Promise<never> {
  for (;;) {
    await work().catch((error: unknown) => {
      if (!isLogError(error) || !error.retriable) throw error;
    });
    await clock.sleep(PAUSE_MS);
  }
}

const job = (phase: Phase, work: () => Promise<unknown>): Promise<never> => always(() => during(phase, work));

let next = 0;

async function produce(topic: string, partition: number): Promise<void> {
  const first = next;
  const count = 1 + Math.floor(Math.random() * 5);
  next += count;
  const records = Array.from({ length: count }, (_, at) => upkeepRecord(Number(run), first + at));
  const part = { topic, partition, records: await keyedBatch(records, "none", clock.nowMs()) };
  const [result] = (await broker.service.produce(newContext(), { acks: -1, partitions: [part] })).partitions;
  if (result?.ok !== true) throw result?.error ?? new Error("no answer");
  console.log(`acked ${topic} ${partition} ${result.baseOffset} ${first} ${count}`);
}

async function spillSome(ref: PartitionRef): Promise<void> {
  const head = await readHead(context, ref, newCall());
  if (head.tail.length >= SPILL_ENTRIES) await spill(context, ref, newCall(), head);
}

function workOn(ref: PartitionRef, configs: EffectiveConfigs): Promise<never>[] {
  const limits = { bytes: ROLL_BYTES, olderThan: 0 };
  return [
    job("spill", () => spillSome(ref)),
    job("roll", () => rollPartition(context, ref, limits, newCall())),
    job("merge", () => upkeep.merge(ref, configs, newCall())),
    job("compaction", () => upkeep.compact(ref, configs, newCall())),
    job("retention", () => retainPartition(context, ref, configs, newCall())),
  ];
}

const { clusterId: incarnation } = await broker.service.describeServer(newContext());
const rules = { incarnation, ageMs: 0, dryRun: false };
await broker.service.createTopics(newContext(), { topics: UPKEEP_TOPICS });
const all: Promise<never>[] = [job("collection", () => collect(context, rules, {}, newCall()))];
for (const { name, partitions, configs } of UPKEEP_TOPICS) {
  const topic = await catalog.findNow(name, newCall());
  if (topic === undefined) throw new Error(`there is no topic ${name}`);
  for (let partition = 0; partition < partitions; partition++) {
    for (let lane = 0; lane < PRODUCES; lane++) all.push(always(() => produce(name, partition)));
    all.push(...workOn({ topicId: topic.topicId, partition }, effectiveConfigs(configs, {})));
  }
}
console.log("started");
await Promise.all(all);
