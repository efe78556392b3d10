import { costOf } from "../../../lib/adapters/wrappers/prices.ts";
import { countsBetween } from "../../../lib/adapters/wrappers/store-counts.ts";
import { GroupWorld } from "../../support/groups/group-world.ts";
import { TestMember } from "../../support/groups/test-member.ts";
import { appendOne, oneRecord } from "../../support/test-broker.ts";
import type { Table } from "../measure/table.ts";
import { HOURS_PER_MONTH } from "./assumptions.ts";
import { type Bill, billBetween, dollarsOf } from "./bill.ts";
import { CostWorld } from "./cost-world.ts";
import { deploy, type Way } from "./deployments.ts";
import { createTopic, lifeOfLoad } from "./life-of-load.ts";
import { TOPIC } from "./produce-load.ts";
import { type CostScale, dollarText } from "./scale.ts";

const KIB = 1024;
const HOUR_MS = 3_600_000;
const HEARTBEAT_MS = 5000;
const MILLION = 1_000_000;

const month = (hourly: number): string => dollarText(hourly * HOURS_PER_MONTH);

/** What is paid for although nobody produces: sweeps, consumers that wait, members of groups. */
export async function standingCosts(scale: CostScale): Promise<Table> {
  const rows: string[][] = [];
  for (const way of ["in-process", "API"] as const) {
    for (const partitions of scale.quick ? [1] : [1, 100, 1000]) {
      const { idleHour } = await lifeOfLoad(way, tinyLoad(partitions), scale);
      rows.push([`idle log of ${partitions} partitions, ${upkeepOf(way)}`, month(dollarsOf(idleHour).total)]);
    }
  }
  for (const way of ["in-process", "API"] as const) {
    for (const maxWaitMs of [500, 20_000]) {
      const { total } = dollarsOf(await waitingHour(scale, way, maxWaitMs));
      rows.push([`consumer that waits at an idle log, ${way}, ${maxWaitMs} ms at a time`, month(total)]);
    }
  }
  rows.push(...(await groupRows(scale)));
  return {
    title: "By the month, and by the commit",
    columns: ["what", "$"],
    rows,
    note: "Without storage. An idle log's price is that of its sweeps. A member of a group heartbeats every 5 s; through the API every heartbeat and commit is a request besides.",
  };
}

function upkeepOf(way: Way): string {
  return way === "API" ? "swept by the deployed janitor" : "kept by one process";
}

/** So that the log is not new: something was produced to each of its partitions. */
function tinyLoad(partitions: number) {
  const shape = "steady" as const;
  return {
    valueBytes: 100,
    requestsPerSecond: 1,
    durationMs: 1000,
    producers: 1,
    partitions,
    shape,
    partitionsPerRequest: partitions,
  };
}

/** An hour of fetches at the end of a log to which nothing comes. */
async function waitingHour(scale: CostScale, way: Way, maxWaitMs: number): Promise<Bill> {
  const world = new CostWorld();
  const reader = await deploy(world, way, { ...scale, upkeep: false });
  await createTopic(world, 1);
  const partitions = [{ topic: TOPIC, partition: 0, offset: 0, maxBytes: KIB }];
  const request = { maxWaitMs, minBytes: 1, maxBytes: KIB, isolation: "read_uncommitted", partitions } as const;
  const { clock } = world.runtime;
  const before = reader.bill();
  const untilMs = clock.monotonicMs() + HOUR_MS;
  while (clock.monotonicMs() < untilMs) await world.run(reader.fetch(request));
  const bill = billBetween(before, reader.bill());
  await reader.close();
  return bill;
}

async function groupRows(scale: CostScale): Promise<string[][]> {
  const members = scale.quick ? 2 : 10;
  const beats = scale.quick ? 10 : 720;
  const world = await GroupWorld.open();
  await world.createTopic(TOPIC, members);
  const group = Array.from({ length: members }, () => new TestMember(world, "g", { topics: [TOPIC] }));
  const beat = async (): Promise<void> => {
    await world.pass(HEARTBEAT_MS);
    await world.run(Promise.all(group.map((member) => member.heartbeat())));
  };
  await world.run(Promise.all(group.map((member) => member.join())));
  for (let settling = 0; settling < 10; settling++) await beat();
  const before = world.counter.snapshot();
  for (let at = 0; at < beats; at++) await beat();
  const idle = costOf(countsBetween(before, world.counter.snapshot())).total;
  const hours = (beats * HEARTBEAT_MS) / HOUR_MS;
  return [
    [`member of a group of ${members}, idle`, month(idle / members / hours)],
    ["a million commits of one partition's offset", dollarText(await commitCost(world, group))],
  ];
}

async function commitCost(world: GroupWorld, group: readonly TestMember[]): Promise<number> {
  const [broker] = world.brokers;
  const owner = group.find(({ owned }) => owned.includes(`${TOPIC}/0`));
  if (broker === undefined || owner === undefined) throw new Error("nobody owns the first partition");
  const commits = 20;
  for (let at = 0; at <= commits; at++) {
    await world.run(appendOne(broker, world.runtime, oneRecord("r", 10), { topic: TOPIC, partition: 0 }));
  }
  // The first looks up how far the log reaches.
  await world.run(owner.commit(TOPIC, 0, commits));
  const before = world.counter.snapshot();
  for (let at = 1; at <= commits; at++) await world.run(owner.commit(TOPIC, 0, at));
  return (costOf(countsBetween(before, world.counter.snapshot())).total / commits) * MILLION;
}
