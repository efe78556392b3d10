import { describe, expect, test } from "vitest";
import { costOf } from "../../lib/adapters/wrappers/prices.ts";
import { countsBetween, type StoreCounts } from "../../lib/adapters/wrappers/store-counts.ts";
import { recordFigures } from "../support/figures.ts";
import { GroupWorld } from "../support/groups/group-world.ts";
import { TestMember } from "../support/groups/test-member.ts";
import { unreliableItems } from "../support/groups/unreliable-items.ts";
import { appendOne, oneRecord } from "../support/test-broker.ts";

/* The budgets of groups in docs/architecture.md, counted at the ports: they hold on any machine. */
const INTERVAL_MS = 5000;
const HOURS_PER_MONTH = 730;

async function worldWith(partitions: number, options: Parameters<typeof GroupWorld.open>[0] = {}): Promise<GroupWorld> {
  const world = await GroupWorld.open(options);
  await world.createTopic("t", partitions);
  return world;
}

function membersOf(world: GroupWorld, count: number, groupOf: (at: number) => string = () => "g"): TestMember[] {
  return Array.from({ length: count }, (_, at) => new TestMember(world, groupOf(at), { topics: ["t"] }));
}

async function countsOf(world: GroupWorld, work: () => Promise<unknown>): Promise<StoreCounts> {
  const before = world.counter.snapshot();
  await work();
  return countsBetween(before, world.counter.snapshot());
}

/** Each member at its own moment of every interval; answers with how many intervals passed until nobody was told more. */
async function beatUntilSettled(
  world: GroupWorld,
  members: readonly TestMember[],
  intervalsMax: number,
): Promise<number> {
  for (let interval = 1; interval <= intervalsMax; interval++) {
    let told = 0;
    const beats = members.map(async (member, at) => {
      await world.scheduler.sleep((INTERVAL_MS * at) / members.length);
      const reply = await member.heartbeat();
      if (reply.assignment !== undefined) told++;
    });
    await world.run(Promise.all([...beats, world.scheduler.sleep(INTERVAL_MS)]));
    if (told === 0) return interval - 1;
  }
  throw new Error(`not settled after ${intervalsMax} intervals`);
}

const distinct = (members: readonly TestMember[]): number => new Set(members.flatMap(({ owned }) => owned)).size;

describe("an idle member", () => {
  test("costs one read per heartbeat that changes nothing", async () => {
    const world = await worldWith(4);
    const [member] = membersOf(world, 1) as [TestMember];
    await world.run(member.join());
    await world.run(member.heartbeat());
    const counts = await countsOf(world, () => world.run(member.heartbeat()));
    expect(counts).toMatchObject({ itemGetManys: 1, itemGets: 0, itemQueries: 0, itemUpdates: 0, itemTransacts: 0 });
  });

  test.each([
    [1, 720],
    [20, 240],
    [500, 24],
  ])("costs under $0.50 a month in a group of %d", async (count, beats) => {
    const world = await worldWith(count);
    const members = membersOf(world, count);
    await world.run(Promise.all(members.map((member) => member.join())));
    await beatUntilSettled(world, members, 10);
    const counts = await countsOf(world, async () => {
      for (let beat = 0; beat < beats; beat++) {
        await world.pass(INTERVAL_MS);
        await world.run(Promise.all(members.map((member) => member.heartbeat())));
      }
    });
    const hours = (beats * INTERVAL_MS) / 3_600_000;
    const perHour = (value: number): number => Math.round(value / count / hours);
    const month = (costOf(counts).total / count / hours) * HOURS_PER_MONTH;
    recordFigures({
      [`group of ${count}: reads per idle member and hour`]: perHour(
        counts.itemGetManys + counts.itemGets + counts.itemQueries,
      ),
      [`group of ${count}: writes per idle member and hour`]: perHour(counts.itemUpdates + counts.itemTransacts),
      [`group of ${count}: $ per idle member and month`]: Number(month.toFixed(3)),
    });
    expect(counts.writesUnmeasured).toBe(0);
    expect(month).toBeLessThan(0.5);
  });
});

describe("a commit", () => {
  test("is one item update, and a read when it is above all that the broker has seen", async () => {
    const world = await worldWith(1);
    const [broker] = world.brokers;
    const [member] = membersOf(world, 1) as [TestMember];
    await world.run(member.join());
    if (broker === undefined) throw new Error("no broker");
    for (let at = 0; at < 3; at++) await world.run(appendOne(broker, world.runtime, oneRecord("r", 10)));
    const first = await countsOf(world, () => world.run(member.commit("t", 0, 1)));
    expect(first).toMatchObject({ itemUpdates: 1, itemGets: 1, itemGetManys: 0, itemQueries: 0, itemTransacts: 0 });
    const second = await countsOf(world, () => world.run(member.commit("t", 0, 3)));
    expect(second).toMatchObject({ itemUpdates: 1, itemGets: 0, writeUnits: 1, itemTransacts: 0 });
    recordFigures({ "commit: $ per million": Number((costOf(second).total * 1_000_000).toFixed(3)) });
  });
});

describe("large groups", () => {
  test("100 members that join at once over 10 brokers settle within 3 heartbeat intervals", async () => {
    const world = await worldWith(100, {
      brokers: 10,
      around: (items, { scheduler, random }) =>
        unreliableItems(items, { scheduler, random, chance: () => 0, delayMs: 5 }),
    });
    const members = membersOf(world, 100);
    const joined = world.scheduler.nowMs;
    await world.run(Promise.all(members.map((member) => member.join())));
    const joinedMs = world.scheduler.nowMs - joined;
    expect(joinedMs).toBeLessThan(INTERVAL_MS);
    const intervals = await beatUntilSettled(world, members, 10);
    recordFigures({
      "100 members at once: ms to join": joinedMs,
      "100 members at once: intervals to settle": intervals,
    });
    expect(intervals).toBeLessThanOrEqual(3);
    expect(distinct(members)).toBe(100);
    expect(members.every(({ owned }) => owned.length === 1)).toBe(true);
  });

  test("500 members of one group share 1,000 partitions, and no item is near its limit", async () => {
    const world = await worldWith(1000, { brokers: 4 });
    const members = membersOf(world, 500);
    await world.run(Promise.all(members.map((member) => member.join())));
    const intervals = await beatUntilSettled(world, members, 10);
    expect(distinct(members)).toBe(1000);
    expect(members.every(({ owned }) => owned.length === 2)).toBe(true);
    const { items } = await world.items.query({ pk: "g#g", from: "s#", to: "s#~" }, world.context());
    const bytes = items.map(({ item }) => (item.bytes as Uint8Array).byteLength);
    recordFigures({ "500 members: intervals to settle": intervals, "500 members: bytes of state": Math.max(...bytes) });
    expect(Math.max(...bytes)).toBeLessThan(200 * 1024);
  });

  test("2,000 groups are kept apart and listed", async () => {
    const world = await worldWith(2, { brokers: 2 });
    const members = membersOf(world, 2000, (at) => `group ${at}`);
    await world.run(Promise.all(members.map((member) => member.join())));
    expect(members.every(({ owned }) => owned.length === 2)).toBe(true);
    const { groups } = await world.run(world.service.listGroups(world.context(), { states: ["stable"] }));
    expect(groups).toHaveLength(2000);
  });
});
