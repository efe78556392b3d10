import { describe, expect, test } from "vitest";
import type { Call } from "../../../lib/base/call.ts";
import { defaultGroupSettings } from "../../../lib/groups/group-settings.ts";
import { maintainGroups } from "../../../lib/groups/maintain-groups.ts";
import { GroupWorld } from "../../support/groups/group-world.ts";
import { TestMember } from "../../support/groups/test-member.ts";

const HOUR_MS = 3_600_000;

async function openWorld(): Promise<GroupWorld> {
  const groups = { ...defaultGroupSettings, offsetsRetentionMs: HOUR_MS };
  const world = await GroupWorld.open({ settings: { groups } });
  await world.createTopic("t", 2);
  return world;
}

async function maintain(world: GroupWorld): Promise<void> {
  const [broker] = world.brokers;
  if (broker !== undefined) await world.run(maintainGroups(broker.groups, undefined, world.context()));
}

async function groupsOf(world: GroupWorld): Promise<unknown> {
  return (await world.run(world.service.listGroups(world.context(), {}))).groups;
}

async function offsetsOf(world: GroupWorld): Promise<number> {
  const { partitions } = await world.run(world.service.fetchOffsets(world.context(), { groupId: "g" }));
  return partitions.length;
}

async function memberWithOffset(world: GroupWorld): Promise<TestMember> {
  const member = new TestMember(world, "g", { topics: ["t"] });
  await world.run(member.join());
  await world.run(member.commit("t", 0, 0));
  return member;
}

describe("offsets are kept", () => {
  test("while the group has members, however old they are", async () => {
    const world = await openWorld();
    const member = await memberWithOffset(world);
    for (let beat = 0; beat < 2000; beat++) {
      await world.pass(5000);
      await world.run(member.heartbeat());
    }
    await maintain(world);
    expect(await offsetsOf(world)).toBe(1);
    expect(await groupsOf(world)).toEqual([{ groupId: "g", state: "stable", members: 1 }]);
  });

  test("for their time after the last member has left, and then go with the group", async () => {
    const world = await openWorld();
    const member = await memberWithOffset(world);
    await world.pass(30_000);
    await world.run(member.leave());
    await world.pass(HOUR_MS - 1000);
    await maintain(world);
    expect(await offsetsOf(world)).toBe(1);
    await world.pass(2000);
    await maintain(world);
    expect(await offsetsOf(world)).toBe(0);
    expect(await groupsOf(world)).toEqual([]);
    const { items } = await world.items.query({ pk: "g#g" }, world.context());
    expect(items).toEqual([]);
  });

  test("for their time after all members have died together, which nobody of them could tell", async () => {
    const world = await openWorld();
    await memberWithOffset(world);
    await world.pass(40_000);
    await maintain(world);
    expect(await groupsOf(world)).toMatchObject([{ members: 1 }]);
    await world.pass(10_000);
    await maintain(world);
    expect(await groupsOf(world)).toEqual([{ groupId: "g", state: "empty", members: 0 }]);
    await world.pass(HOUR_MS - 1000);
    await maintain(world);
    expect(await offsetsOf(world)).toBe(1);
    await world.pass(2000);
    await maintain(world);
    expect(await groupsOf(world)).toEqual([]);
  });

  test("when somebody joins as they are about to go", async () => {
    const world = await openWorld();
    const member = await memberWithOffset(world);
    await world.run(member.leave());
    await world.pass(HOUR_MS + 1000);
    const again = new TestMember(world, "g", { topics: ["t"] });
    await Promise.allSettled([maintain(world), world.run(again.join())]);
    await world.run(again.heartbeat());
    expect(again.owned).toHaveLength(2);
    expect(await groupsOf(world)).toMatchObject([{ members: 1 }]);
    await world.run(again.commit("t", 1, 0));
  });
});

test("a look at the groups that runs out of time says after which it goes on, and comes through all of them", async () => {
  const world = await openWorld();
  const [broker] = world.brokers;
  if (broker === undefined) throw new Error("the world has a broker");
  for (const groupId of ["a", "\u{1f600}", "\ufffd"]) {
    await world.run(new TestMember(world, groupId, { topics: ["t"] }).join());
  }
  const late = { ...world.context(), deadlineMs: world.runtime.clock.monotonicMs() + 1000 };
  const look = (after: string | undefined, call: Call) => world.run(maintainGroups(broker.groups, after, call));
  expect(await look("a", late)).toEqual({ groups: 0, failed: 0, next: "a" });
  expect(await look("a", world.context())).toEqual({ groups: 2, failed: 0, next: undefined });
  // In the order of the store, by UTF-8: what lies beyond U+FFFF comes last.
  expect(await look("\ufffd", world.context())).toEqual({ groups: 1, failed: 0, next: undefined });
});
