import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { GroupWorld } from "../../support/groups/group-world.ts";
import { TestMember } from "../../support/groups/test-member.ts";
import { intercepted } from "../../support/log/intercepted.ts";
import { refusalOf } from "../../support/refusal.ts";
import { appendOne, oneRecord } from "../../support/test-broker.ts";
import { withFaults } from "../../support/with-faults.ts";

const G = "g";

/** Two brokers, topic t with two partitions of ten records each. */
async function worldWithRecords(options: Parameters<typeof GroupWorld.open>[0] = {}): Promise<GroupWorld> {
  const world = await GroupWorld.open({ brokers: 2, ...options });
  await world.createTopic("t", 2);
  for (let at = 0; at < 10; at++) {
    for (const partition of [0, 1]) await produceOne(world, partition);
  }
  return world;
}

async function produceOne(world: GroupWorld, partition: number): Promise<void> {
  const [broker] = world.brokers;
  if (broker === undefined) throw new Error("no broker");
  await world.run(appendOne(broker, world.runtime, oneRecord("r", 10), { topic: "t", partition }));
}

async function memberOf(world: GroupWorld): Promise<TestMember> {
  const member = new TestMember(world, G, { topics: ["t"] });
  await world.run(member.join());
  return member;
}

async function committed(world: GroupWorld): Promise<Record<string, number>> {
  const { partitions } = await world.run(world.service.fetchOffsets(world.context(), { groupId: G }));
  return Object.fromEntries(partitions.map((each) => [`${each.topic}/${each.partition}`, each.ok ? each.offset : NaN]));
}

const reset = (world: GroupWorld, request: object) =>
  world.run(world.service.resetOffsets(world.context(), { groupId: G, to: { kind: "beginning" }, ...request }));

describe("commits", () => {
  test("are kept with leader epoch and metadata, and told per partition", async () => {
    const world = await worldWithRecords();
    const { memberId, epoch: memberEpoch } = await memberOf(world);
    await world.run(
      world.service.commitOffsets(world.context(), {
        groupId: G,
        memberId,
        memberEpoch,
        sequence: 1,
        partitions: [{ topic: "t", partition: 1, offset: 7, leaderEpoch: 0, metadata: "half way" }],
      }),
    );
    const partitions = [0, 1].map((partition) => ({ topic: "t", partition }));
    const reply = await world.run(
      world.service.fetchOffsets(world.context(), { groupId: G, memberId, memberEpoch, partitions }),
    );
    expect(reply.partitions).toMatchObject([
      { partition: 0, ok: true, offset: -1, leaderEpoch: -1, metadata: "" },
      { partition: 1, ok: true, offset: 7, leaderEpoch: 0, metadata: "half way" },
    ]);
  });

  test("of an older request that comes late have no effect", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    await world.run(member.commit("t", 0, 5, { sequence: 5 }));
    await world.run(member.commit("t", 0, 3, { sequence: 4 }));
    expect(await committed(world)).toEqual({ "t/0": 5 });
    await world.run(member.commit("t", 0, 5, { sequence: 5 }));
    expect(await committed(world)).toEqual({ "t/0": 5 });
    await world.run(member.commit("t", 0, 2, { sequence: 6 }));
    expect(await committed(world)).toEqual({ "t/0": 2 });
  });

  test("of a member whose partition has gone to another have no effect", async () => {
    const world = await worldWithRecords();
    const frozen = await memberOf(world);
    await world.run(frozen.commit("t", 0, 4));
    const successor = new TestMember(world, G, { topics: ["t"] });
    await world.run(successor.join());
    for (let beat = 0; beat < 14; beat++) {
      await world.pass(5000);
      await world.run(successor.heartbeat());
    }
    expect(successor.owned).toHaveLength(2);
    expect((await world.run(refusalOf(() => frozen.commit("t", 0, 9)))).code).toBe("UnknownMemberId");
    await world.run(successor.commit("t", 0, 6));
    expect((await world.run(refusalOf(() => frozen.commit("t", 0, 9)))).kafkaCode).toBe(25);
    expect(await committed(world)).toEqual({ "t/0": 6 });
  });

  test("under an epoch from before the member joined again have no effect", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    const old = member.epoch;
    await world.run(member.join());
    expect(member.epoch).toBeGreaterThan(old);
    const refused = await world.run(refusalOf(() => member.commit("t", 0, 9, { memberEpoch: old, sequence: 99 })));
    expect(refused).toMatchObject({ code: "StaleMemberEpoch", kafkaCode: 113 });
    expect(await committed(world)).toEqual({});
  });

  test("stay possible while a partition is being given up, under the old epoch and the new", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    const old = member.epoch;
    await world.run(new TestMember(world, G, { topics: ["t"] }).join());
    await world.run(member.commit("t", 0, 3, { memberEpoch: old }));
    await world.run(member.commit("t", 1, 3, { memberEpoch: old }));
    await world.run(member.heartbeat());
    expect(member.owned).toHaveLength(1);
    for (const partition of [0, 1]) await world.run(member.commit("t", partition, 4));
    expect(await committed(world)).toEqual({ "t/0": 4, "t/1": 4 });
  });

  test("whose answer is lost are repeated without harm", async () => {
    let lose = 0;
    const world = await worldWithRecords({
      around: (items) =>
        withFaults(items, (operation) => {
          if (operation !== "update" || lose === 0) return undefined;
          lose--;
          const side = lose % 2 === 0 ? "after" : "before";
          return { side, error: new LogError("StoreUnavailable", "cut off", { effect: "unknown" }) };
        }),
    });
    const member = await memberOf(world);
    lose = 2;
    await world.run(member.commit("t", 0, 8));
    expect(await committed(world)).toEqual({ "t/0": 8 });
  });

  test("beyond the high watermark, or of a partition not owned, say what is wrong", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    const beyond = await world.run(refusalOf(() => member.commit("t", 0, 11)));
    expect(beyond).toMatchObject({ code: "OffsetOutOfRange", kafkaCode: 1 });
    expect(beyond.message).toContain("high watermark is 10");
    await world.run(member.commit("t", 0, 10));
    const other = new TestMember(world, G, { topics: ["t"] });
    await world.run(other.join());
    expect(await world.run(refusalOf(() => other.commit("t", 0, 1, { sequence: 99 })))).toMatchObject({
      code: "StaleMemberEpoch",
      message: expect.stringContaining("does not belong to this member"),
    });
    expect(await committed(world)).toEqual({ "t/0": 10 });
    expect((await world.run(refusalOf(() => member.commit("t", 2, 1)))).code).toBe("UnknownTopicOrPartition");
  });
});

describe("offsets of a group without members", () => {
  test("are reset to beginning, end, offset, time or by a shift, and only said in a dry run", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    await world.run(member.commit("t", 0, 6));
    await world.run(member.leave());
    const offsetsOf = async (request: object): Promise<unknown[]> => {
      const { partitions } = await reset(world, request);
      return partitions.map((each) => (each.ok ? [each.before, each.offset] : each.error.code));
    };
    const topics = ["t"];
    expect(await offsetsOf({ to: { kind: "end" }, topics, dryRun: true })).toEqual([
      [6, 10],
      [-1, 10],
    ]);
    expect(await committed(world)).toEqual({ "t/0": 6 });
    expect(await offsetsOf({ to: { kind: "shift", by: -2 } })).toEqual([[6, 4]]);
    expect(await offsetsOf({ to: { kind: "shift", by: -9 } })).toEqual([[4, 0]]);
    expect(await offsetsOf({ to: { kind: "offset", offset: 99 } })).toEqual([[0, 10]]);
    expect(await offsetsOf({ to: { kind: "timestamp", timestamp: 0 }, topics })).toEqual([
      [10, 0],
      [-1, 0],
    ]);
    expect(await offsetsOf({ to: { kind: "timestamp", timestamp: 1_900_000_000_000 } })).toEqual([
      [0, 10],
      [0, 10],
    ]);
    expect(await offsetsOf({})).toEqual([
      [10, 0],
      [10, 0],
    ]);
    expect(await committed(world)).toEqual({ "t/0": 0, "t/1": 0 });
  });

  test("of a group that nobody has joined are refused in a dry run as they are in earnest", async () => {
    const world = await worldWithRecords();
    for (const dryRun of [true, false]) {
      const request = { topics: ["t"], dryRun };
      expect(await world.run(refusalOf(() => reset(world, request)))).toMatchObject({
        code: "GroupIdNotFound",
        kafkaCode: 69,
      });
    }
  });

  test("cannot be moved by a former member that wakes up", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    await world.run(member.commit("t", 0, 6));
    await world.run(member.leave());
    await reset(world, {});
    const { epoch: memberEpoch } = member;
    await world.run(refusalOf(() => member.commit("t", 0, 9, { memberEpoch, sequence: 1000 })));
    expect(await committed(world)).toEqual({ "t/0": 0 });
    const next = await memberOf(world);
    await world.run(next.commit("t", 0, 1));
    expect(await committed(world)).toEqual({ "t/0": 1 });
  });

  test("are not reset, deleted or set from outside while there are members", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    await world.run(member.commit("t", 0, 6));
    const outside = { groupId: G, partitions: [{ topic: "t", partition: 0, offset: 1 }] };
    expect((await world.run(refusalOf(() => reset(world, {})))).kafkaCode).toBe(68);
    const [set] = (await world.run(world.service.commitOffsets(world.context(), outside))).partitions;
    expect(set).toMatchObject({ ok: false, error: { code: "UnknownMemberId" } });
    const [deleted] = (await world.run(world.service.deleteOffsets(world.context(), outside))).partitions;
    expect(deleted).toMatchObject({ ok: false, error: { code: "GroupSubscribedToTopic" } });
    const [group] = await world.run(world.service.deleteGroups(world.context(), { groupIds: [G] }));
    expect(group).toMatchObject({ ok: false, error: { code: "NonEmptyGroup" } });
    expect(await committed(world)).toEqual({ "t/0": 6 });
  });

  test("are set from outside, which makes the group, and deleted one by one or with it", async () => {
    const world = await worldWithRecords();
    const partitions = [0, 1].map((partition) => ({ topic: "t", partition, offset: 3 + partition }));
    await world.run(world.service.commitOffsets(world.context(), { groupId: G, partitions }));
    expect(await committed(world)).toEqual({ "t/0": 3, "t/1": 4 });
    expect(await world.run(world.service.listGroups(world.context(), {}))).toEqual({
      groups: [{ groupId: G, state: "empty", members: 0 }],
    });
    await world.run(world.service.deleteOffsets(world.context(), { groupId: G, partitions: partitions.slice(0, 1) }));
    expect(await committed(world)).toEqual({ "t/1": 4 });
    await world.run(world.service.deleteGroups(world.context(), { groupIds: [G] }));
    expect(await committed(world)).toEqual({});
    expect(await world.run(world.service.listGroups(world.context(), {}))).toEqual({ groups: [] });
    const [again] = await world.run(world.service.deleteGroups(world.context(), { groupIds: [G] }));
    expect(again).toMatchObject({ ok: false, error: { code: "GroupIdNotFound", kafkaCode: 69 } });
  });

  test("of a deleted topic are not those of its successor", async () => {
    const world = await worldWithRecords();
    const member = await memberOf(world);
    await world.run(member.commit("t", 0, 6));
    await world.run(world.service.deleteTopics(world.context(), { names: ["t"] }));
    await world.createTopic("t", 2);
    expect(await committed(world)).toEqual({});
  });
});

describe("what comes late", () => {
  test("of a reset does not undo the next one", async () => {
    let hold: ((proceed: () => Promise<unknown>) => void) | undefined;
    const world = await worldWithRecords({
      around: (items) =>
        intercepted(items, ({ operation, args }, proceed) => {
          const isReset = operation === "transact" && JSON.stringify(args[0]).includes('"o#');
          if (!isReset || hold === undefined) return proceed();
          hold(proceed);
          hold = undefined;
          return Promise.reject(new LogError("StoreUnavailable", "cut off", { effect: "unknown" }));
        }),
    });
    const member = await memberOf(world);
    await world.run(member.commit("t", 0, 6));
    await world.run(member.leave());
    let late = (): Promise<unknown> => Promise.reject(new Error("nothing was held"));
    hold = (proceed) => {
      late = proceed;
    };
    await reset(world, { to: { kind: "offset", offset: 1 } });
    await reset(world, { to: { kind: "offset", offset: 2 } });
    expect(await late()).toMatchObject({ ok: false });
    expect(await committed(world)).toEqual({ "t/0": 2 });
  });

  test("of a change of the group is found to have happened, not done again", async () => {
    let lose = false;
    const world = await worldWithRecords({
      around: (items) =>
        withFaults(items, (operation) => {
          if (!lose || operation !== "transact") return undefined;
          lose = false;
          return { side: "after", error: new LogError("StoreUnavailable", "cut off", { effect: "unknown" }) };
        }),
    });
    lose = true;
    const member = new TestMember(world, G, { topics: ["t"] });
    await world.run(member.heartbeat({ sequence: 0 }));
    expect(lose).toBe(false);
    expect(member.epoch).toBe(1);
  });
});
