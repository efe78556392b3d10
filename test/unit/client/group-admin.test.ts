import { beforeEach, describe, expect, test } from "vitest";
import { MEMBER_JOINS, MEMBER_LEAVES } from "../../../lib/api/group-types.ts";
import type { GroupAdmin, Tidelog } from "../../../lib/client/index.ts";
import { refusalOf } from "../../support/refusal.ts";
import { contextWithin } from "../../support/test-broker.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

let world: VirtualLog;
let log: Tidelog;
let groups: GroupAdmin;

beforeEach(async () => {
  world = await VirtualLog.open();
  log = world.client();
  ({ groups } = log.admin);
  await world.run(log.admin.createTopic({ name: "orders", partitions: 1 }));
  await world.run(
    log.publish(
      "orders",
      ["a", "b", "c", "d", "e"].map((value) => ({ value })),
    ),
  );
});

function heartbeat(memberEpoch: number) {
  const request = { groupId: "billing", memberId: "m", memberEpoch, topics: ["orders"] };
  return world.run(world.broker.service.groupHeartbeat(contextWithin(world.runtime), request));
}

describe("a group from outside", () => {
  test("is listed and described with its members, offsets and lag", async () => {
    await heartbeat(MEMBER_JOINS);
    const commit = { groupId: "billing", memberId: "m", memberEpoch: 1, sequence: 1 };
    const partitions = [{ topic: "orders", partition: 0, offset: 2, metadata: "x" }];
    await world.run(world.broker.service.commitOffsets(contextWithin(world.runtime), { ...commit, partitions }));
    expect(await world.run(groups.list())).toEqual([{ groupId: "billing", state: "stable", members: 1 }]);
    expect(await world.run(groups.list({ states: ["empty"] }))).toEqual([]);
    expect(await world.run(groups.describe("billing"))).toMatchObject({
      state: "stable",
      groupEpoch: 1,
      assignor: "uniform",
      members: [{ memberId: "m", memberEpoch: 1, assignment: [{ topic: "orders", partitions: [0] }] }],
    });
    expect(await world.run(groups.offsets("billing"))).toEqual([
      { topic: "orders", partition: 0, offset: 2, metadata: "x", highWatermark: 5, lag: 3 },
    ]);
  });

  test("is moved only without members, and by a dry run not at all", async () => {
    await heartbeat(MEMBER_JOINS);
    const refused = await world.run(
      refusalOf(() => groups.resetOffsets("billing", { to: { kind: "end" }, topics: ["orders"] })),
    );
    expect(refused.code).toBe("NonEmptyGroup");
    await heartbeat(MEMBER_LEAVES);
    const to = { kind: "end" } as const;
    const moved = [{ topic: "orders", partition: 0, ok: true, before: -1, offset: 5 }];
    expect(await world.run(groups.resetOffsets("billing", { to, topics: ["orders"], dryRun: true }))).toEqual(moved);
    expect(await world.run(groups.offsets("billing"))).toEqual([]);
    expect(await world.run(groups.resetOffsets("billing", { to, topics: ["orders"] }))).toEqual(moved);
    expect(await world.run(groups.offsets("billing"))).toMatchObject([{ offset: 5, lag: 0 }]);
  });

  test("is made by setting offsets, loses one, and is deleted", async () => {
    const place = { topic: "orders", partition: 0 };
    await world.run(groups.setOffsets("billing", [{ ...place, offset: 4 }]));
    expect(await world.run(groups.offsets("billing"))).toMatchObject([{ offset: 4, lag: 1 }]);
    const beyond = await world.run(refusalOf(() => groups.setOffsets("billing", [{ ...place, offset: 6 }])));
    expect(beyond.code).toBe("OffsetOutOfRange");
    await world.run(groups.deleteOffsets("billing", [place]));
    expect(await world.run(groups.offsets("billing"))).toEqual([]);
    await world.run(groups.delete("billing"));
    expect((await world.run(refusalOf(() => groups.describe("billing")))).code).toBe("GroupIdNotFound");
    expect((await world.run(refusalOf(() => groups.delete("billing")))).code).toBe("GroupIdNotFound");
  });
});
