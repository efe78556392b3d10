import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { itemStoreWith } from "../../simulation/planted/item-store-with.ts";
import { GroupWorld } from "../../support/groups/group-world.ts";
import { TestMember } from "../../support/groups/test-member.ts";
import { refusalOf } from "../../support/refusal.ts";

async function worldWith(topics: Record<string, number>, brokers = 2): Promise<GroupWorld> {
  const world = await GroupWorld.open({ brokers });
  for (const [name, partitions] of Object.entries(topics)) await world.createTopic(name, partitions);
  return world;
}

/** Rounds of heartbeats until nobody is told anything new; fails when that takes too many. */
async function settle(world: GroupWorld, members: readonly TestMember[], roundsMax = 10): Promise<number> {
  for (let round = 0; round < roundsMax; round++) {
    const replies = await world.run(Promise.all(members.map((member) => member.heartbeat())));
    if (replies.every((reply) => reply.assignment === undefined)) return round;
    await world.pass(5000);
  }
  throw new Error(`not settled after ${roundsMax} rounds`);
}

function all(topic: string, partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) => `${topic}/${partition}`);
}

describe("members of a group", () => {
  test("a single member gets everything that it subscribes to", async () => {
    const world = await worldWith({ t: 3, other: 2 });
    const member = new TestMember(world, "g", { topics: ["t"] });
    const reply = await world.run(member.join());
    expect(reply).toMatchObject({ memberEpoch: 1, heartbeatIntervalMs: 5000 });
    expect(reply.memberId).not.toBe("");
    expect(member.owned).toEqual(all("t", 3));
  });

  test("a second member gets its share only once the first has let go", async () => {
    const world = await worldWith({ t: 4 });
    const first = new TestMember(world, "g", { topics: ["t"] });
    const second = new TestMember(world, "g", { topics: ["t"] });
    await world.run(first.join());
    await world.run(second.join());
    expect(second.owned).toEqual([]);
    const before = first.owned;
    await world.run(first.heartbeat());
    expect(first.owned).toHaveLength(2);
    expect(before).toEqual(expect.arrayContaining(first.owned));
    await world.run(second.heartbeat());
    expect(second.owned).toEqual([]);
    // Only now it says that it uses the rest no more.
    await world.run(first.heartbeat());
    await world.run(second.heartbeat());
    expect([...first.owned, ...second.owned].sort()).toEqual(all("t", 4));
  });

  test("a member that shows no life for a session loses its partitions to the others", async () => {
    const world = await worldWith({ t: 4 });
    const [alive, dead] = [0, 1].map(() => new TestMember(world, "g", { topics: ["t"] })) as [TestMember, TestMember];
    await world.run(Promise.all([alive.join(), dead.join()]));
    await settle(world, [alive, dead]);
    for (let beat = 0; beat < 14; beat++) {
      await world.pass(5000);
      await world.run(alive.heartbeat());
    }
    expect(alive.owned).toEqual(all("t", 4));
    expect(await world.run(refusalOf(() => dead.heartbeat()))).toMatchObject({
      code: "UnknownMemberId",
      kafkaCode: 25,
    });
  });

  test("a member that heartbeats is never taken for dead", async () => {
    const world = await worldWith({ t: 4 });
    const members = [0, 1, 2].map(() => new TestMember(world, "g", { topics: ["t"] }));
    await world.run(Promise.all(members.map((member) => member.join())));
    await settle(world, members);
    const epochs = members.map(({ epoch }) => epoch);
    for (let beat = 0; beat < 100; beat++) {
      await world.pass(5000);
      await world.run(Promise.all(members.map((member) => member.heartbeat())));
    }
    expect(members.map(({ epoch }) => epoch)).toEqual(epochs);
  });

  test("who leaves is replaced at once, and leaving twice is told", async () => {
    const world = await worldWith({ t: 2 });
    const [stays, goes] = [0, 1].map(() => new TestMember(world, "g", { topics: ["t"] })) as [TestMember, TestMember];
    await world.run(stays.join());
    await world.run(goes.join());
    await settle(world, [stays, goes]);
    expect(await world.run(goes.leave())).toMatchObject({ memberEpoch: -1 });
    await world.run(stays.heartbeat());
    expect(stays.owned).toEqual(all("t", 2));
    expect((await world.run(refusalOf(() => goes.leave()))).code).toBe("UnknownMemberId");
  });

  test("a static member that goes for a moment finds its partitions again, under a new member id", async () => {
    const world = await worldWith({ t: 4 });
    const first = new TestMember(world, "g", { topics: ["t"], instanceId: "a" });
    const other = new TestMember(world, "g", { topics: ["t"], instanceId: "b" });
    await world.run(first.join());
    await world.run(other.join());
    await settle(world, [first, other]);
    const had = first.owned;
    await world.run(first.leave(-2));
    await world.run(other.heartbeat());
    expect(other.owned).toHaveLength(2);
    const again = new TestMember(world, "g", { topics: ["t"], instanceId: "a" });
    await world.run(again.join());
    expect(again.owned).toEqual(had);
    expect((await world.run(refusalOf(() => first.heartbeat()))).code).toBe("FencedInstanceId");
  });

  test("partitions and topics that come are noticed, and topics that go", async () => {
    const world = await worldWith({ "in.a": 1 });
    const member = new TestMember(world, "g", { pattern: "in\\..*" });
    await world.run(member.join());
    expect(member.owned).toEqual(["in.a/0"]);
    const beats = async (): Promise<void> => {
      for (let beat = 0; beat < 12; beat++) {
        await world.pass(5000);
        await world.run(member.heartbeat());
      }
    };
    await world.run(world.service.createPartitions(world.context(), { topics: [{ name: "in.a", totalCount: 2 }] }));
    await world.createTopic("in.b", 1);
    await world.createTopic("out.c", 1);
    await beats();
    expect(member.owned).toEqual(["in.a/0", "in.a/1", "in.b/0"]);
    await world.run(world.service.deleteTopics(world.context(), { names: ["in.a"] }));
    await beats();
    expect(member.owned).toEqual(["in.b/0"]);
  });

  test("a member that asks for other topics gets them", async () => {
    const world = await worldWith({ t: 2, u: 2 });
    const member = new TestMember(world, "g", { topics: ["t"] });
    await world.run(member.join());
    await world.run(member.heartbeat({ topics: ["u"] }));
    await world.run(member.heartbeat({ topics: ["u"] }));
    expect(member.owned).toEqual(all("u", 2));
  });
});

describe("whoever is on the way out", () => {
  test("gets no new mark from a heartbeat that comes as it is removed", async () => {
    const world = await worldWith({ t: 2 });
    const [member] = [new TestMember(world, "g", { topics: ["t"] })];
    await world.run(member.join());
    await world.pass(20_000);
    // The group is read, then the member leaves, then the mark is written: one microtask after another.
    const late = refusalOf(() => member.heartbeat());
    const { memberId, epoch: memberEpoch } = member;
    const leave = { groupId: "g", memberId, memberEpoch: -1, sequence: 1000, topics: ["t"] };
    await world.run(Promise.allSettled([late, world.service.groupHeartbeat(world.context(), leave)]));
    const { items } = await world.items.query({ pk: "g#g", from: "m#", to: "m#~" }, world.context());
    expect([memberEpoch, items]).toEqual([1, []]);
  });

  test("is not kept by a mark that a clock far ahead has written", async () => {
    const world = await worldWith({ t: 2 });
    const dead = new TestMember(world, "g", { topics: ["t"] });
    await world.run(dead.join());
    const alive = new TestMember(world, "g", { topics: ["t"] });
    await world.run(alive.join());
    const key = { pk: "g#g", sk: `m#${dead.memberId}` };
    const mark = (await world.items.get(key, world.context()))?.markMs as number;
    await world.items.update(key, [set(["markMs"], mark + 3_600_000)], [], world.context());
    for (let round = 0; round < 8; round++) {
      await world.pass(20_000);
      await world.run(alive.heartbeat());
    }
    expect(alive.owned).toEqual(all("t", 2));
  });

  test("a sign of life that arrives late does not take a newer one back", async () => {
    const late: (() => Promise<unknown>)[] = [];
    let holding = false;
    const world = await GroupWorld.open({
      around: (items) =>
        itemStoreWith(items, {
          update: async (...args) => {
            if (!holding) return items.update(...args);
            late.push(() => items.update(...args));
            throw new LogError("StoreUnavailable", "cut off", { effect: "unknown" });
          },
        }),
    });
    await world.createTopic("t", 1);
    const member = new TestMember(world, "g", { topics: ["t"] });
    await world.run(member.join());
    const beat = async (): Promise<void> => {
      await world.pass(20_000);
      await world.run(member.heartbeat());
    };
    holding = true;
    await beat();
    holding = false;
    await beat();
    const key = { pk: "g#g", sk: `m#${member.memberId}` };
    const before = await world.items.get(key, world.context());
    expect(late).toHaveLength(1);
    await Promise.all(late.map((arrive) => arrive()));
    expect(await world.items.get(key, world.context())).toEqual(before);
  });

  test("does not lose its mark to a clock far ahead that saw the group before it joined", async () => {
    let meanwhile: (() => Promise<unknown>) | undefined;
    const world = await GroupWorld.open({
      around: (items) =>
        itemStoreWith(items, {
          query: async (query, call) => {
            const joins = meanwhile;
            if (query.from?.startsWith("m#")) meanwhile = undefined;
            if (query.from?.startsWith("m#")) await joins?.();
            return items.query(query, call);
          },
        }),
    });
    await world.createTopic("t", 2);
    const first = new TestMember(world, "g", { topics: ["t"] });
    await world.run(first.join());
    const second = new TestMember(world, "g", { topics: ["t"] });
    const markOfSecond = () => ({ pk: "g#g", sk: `m#${second.memberId}` });
    await world.pass(20_000);
    meanwhile = async () => {
      await second.join();
      const mark = (await world.items.get(markOfSecond(), world.context()))?.markMs as number;
      await world.items.update(markOfSecond(), [set(["markMs"], mark - 3_600_000)], [], world.context());
    };
    await world.run(first.heartbeat());
    expect(meanwhile).toBeUndefined();
    expect(await world.items.get(markOfSecond(), world.context())).toBeDefined();
  });

  test("is not removed when it has shown life since it was found dead", async () => {
    const world = await worldWith({ t: 2 }, 1);
    const member = new TestMember(world, "g", { topics: ["t"] });
    await world.run(member.join());
    const other = new TestMember(world, "g", { topics: ["t"] });
    await world.run(other.join());
    const [broker] = world.brokers;
    const parts = { kind: "expire", members: new Map([[member.memberId, 12345]]) } as const;
    if (broker === undefined) throw new Error("no broker");
    await world.run(broker.groups.runner.run("g", parts, world.context()));
    await world.run(member.heartbeat());
    const key = { pk: "g#g", sk: `m#${member.memberId}` };
    const mark = (await world.items.get(key, world.context()))?.markMs as number;
    const dead = { kind: "expire", members: new Map([[member.memberId, mark]]) } as const;
    await world.run(broker.groups.runner.run("g", dead, world.context()));
    expect((await world.run(refusalOf(() => member.heartbeat()))).code).toBe("UnknownMemberId");
  });
});
