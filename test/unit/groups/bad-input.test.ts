import { describe, expect, test } from "vitest";
import { defaultGroupSettings } from "../../../lib/groups/group-settings.ts";
import { GroupWorld } from "../../support/groups/group-world.ts";
import { TestMember } from "../../support/groups/test-member.ts";
import { refusalOf } from "../../support/refusal.ts";

async function worldWithGroup(): Promise<{ world: GroupWorld; member: TestMember }> {
  const world = await GroupWorld.open();
  await world.createTopic("t", 2);
  const member = new TestMember(world, "g", { topics: ["t"], instanceId: "one" });
  await world.run(member.join());
  return { world, member };
}

const join = { groupId: "g", memberId: "", memberEpoch: 0, topics: ["t"] };

describe("a heartbeat is refused with Kafka's code and says why", () => {
  test.each([
    ["without a group id", { ...join, groupId: "" }, "InvalidGroupId", 24],
    ["with an endless group id", { ...join, groupId: "x".repeat(256) }, "InvalidGroupId", 24],
    [
      "of a group that nobody has joined",
      { ...join, groupId: "h", memberId: "m", memberEpoch: 3 },
      "GroupIdNotFound",
      69,
    ],
    ["of an unknown member", { ...join, memberId: "nobody", memberEpoch: 1 }, "UnknownMemberId", 25],
    ["without a member id", { ...join, memberEpoch: 1 }, "InvalidRequest", 42],
    ["with an epoch that is none", { ...join, memberId: "m", memberEpoch: -3 }, "InvalidRequest", 42],
    ["of a second member with the same instance id", { ...join, instanceId: "one" }, "UnreleasedInstanceId", 111],
    ["that joins without a subscription", { ...join, topics: undefined }, "InvalidRequest", 42],
    ["with an invalid pattern", { ...join, pattern: "in.(" }, "InvalidRegularExpression", 128],
    ["with a pattern that looks back", { ...join, pattern: "(a)\\1" }, "InvalidRegularExpression", 128],
    ["with an endless pattern", { ...join, pattern: "x".repeat(1001) }, "InvalidRegularExpression", 128],
    ["with an unknown assignor", { ...join, assignor: "sticky" }, "UnsupportedAssignor", 112],
    ["with an illegal topic name", { ...join, topics: ["a b"] }, "InvalidTopic", 17],
    [
      "that joins and owns something",
      { ...join, owned: [{ topicId: "0".repeat(32), partitions: [0] }] },
      "InvalidRequest",
      42,
    ],
    ["that owns what is no partition", { ...join, owned: [{ topicId: "t", partitions: [0] }] }, "InvalidRequest", 42],
    ["with no time to let go", { ...join, rebalanceTimeoutMs: 0 }, "InvalidRequest", 42],
  ])("%s", async (_, request, code, kafkaCode) => {
    const { world } = await worldWithGroup();
    const refused = await world.run(refusalOf(() => world.service.groupHeartbeat(world.context(), request)));
    expect(refused).toMatchObject({ code, kafkaCode });
    expect(refused.message.length).toBeGreaterThan(20);
  });

  test("under an epoch from the future or the past", async () => {
    const { world, member } = await worldWithGroup();
    const future = await world.run(refusalOf(() => member.heartbeat({ memberEpoch: member.epoch + 1 })));
    expect(future).toMatchObject({ code: "FencedMemberEpoch", kafkaCode: 110 });
    const old = member.epoch;
    await world.run(member.join());
    const past = await world.run(refusalOf(() => member.heartbeat({ memberEpoch: old })));
    expect(past).toMatchObject({ code: "FencedMemberEpoch", kafkaCode: 110 });
    // Its own epoch is as good as before.
    await world.run(member.heartbeat());
  });

  test("that goes for a moment without an instance id", async () => {
    const world = await GroupWorld.open();
    const member = new TestMember(world, "g", { topics: [] });
    await world.run(member.join());
    expect((await world.run(refusalOf(() => member.leave(-2)))).code).toBe("InvalidRequest");
  });

  test("of one member more than a group takes", async () => {
    const world = await GroupWorld.open({ settings: { groups: { ...defaultGroupSettings, membersMax: 2 } } });
    const members = [0, 1, 2].map(() => new TestMember(world, "g", { topics: ["t"] }));
    for (const member of members.slice(0, 2)) await world.run(member.join());
    const refused = await world.run(refusalOf(() => (members[2] as TestMember).join()));
    expect(refused).toMatchObject({ code: "GroupMaxSizeReached", kafkaCode: 81 });
  });
});

describe("a commit is refused", () => {
  const part = { topic: "t", partition: 0, offset: 0 };

  test.each([
    ["with a negative offset", { offset: -1 }, "InvalidRequest"],
    ["with a broken offset", { offset: 0.5 }, "InvalidRequest"],
    ["with endless metadata", { metadata: "x".repeat(4097) }, "OffsetMetadataTooLarge"],
    ["for an unknown topic", { topic: "nope" }, "UnknownTopicOrPartition"],
    ["for an unknown partition", { partition: 9 }, "UnknownTopicOrPartition"],
    ["for the topic that had the name before", { topicId: "0".repeat(32) }, "UnknownTopicId"],
    ["beyond the high watermark", { offset: 1 }, "OffsetOutOfRange"],
  ])("%s, and its neighbour is not", async (_, wrong, code) => {
    const { world, member } = await worldWithGroup();
    const { memberId, epoch: memberEpoch } = member;
    const partitions = [
      { ...part, ...wrong },
      { ...part, partition: 1 },
    ];
    const request = { groupId: "g", memberId, memberEpoch, sequence: 1, partitions };
    const { partitions: results } = await world.run(world.service.commitOffsets(world.context(), request));
    expect(results).toMatchObject([{ ok: false, error: { code } }, { ok: true }]);
  });

  test("as a whole, without a number or from an unknown group", async () => {
    const { world, member } = await worldWithGroup();
    const { memberId, epoch: memberEpoch } = member;
    const commit = (request: object) =>
      world.service.commitOffsets(world.context(), {
        groupId: "g",
        memberId,
        memberEpoch,
        partitions: [part],
        ...request,
      });
    expect((await world.run(refusalOf(() => commit({})))).code).toBe("InvalidRequest");
    const { partitions } = await world.run(commit({ groupId: "other", sequence: 1 }));
    expect(partitions).toMatchObject([{ ok: false, error: { code: "GroupIdNotFound" } }]);
  });

  test("and offsets are not told to who is no member any more", async () => {
    const { world, member } = await worldWithGroup();
    const { memberId, epoch } = member;
    const fetch = (who: object) => world.service.fetchOffsets(world.context(), { groupId: "g", ...who });
    expect((await world.run(refusalOf(() => fetch({ memberId: "x", memberEpoch: 1 })))).code).toBe("UnknownMemberId");
    const stale = await world.run(refusalOf(() => fetch({ memberId, memberEpoch: epoch + 1 })));
    expect(stale.code).toBe("StaleMemberEpoch");
  });
});
