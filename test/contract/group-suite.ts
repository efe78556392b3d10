import { expect, test } from "vitest";
import { StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import type { GroupHeartbeatReply } from "../../lib/api/group-types.ts";
import type { Broker } from "../../lib/service/broker.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { namesOf } from "../support/groups/test-member.ts";
import { contextWithin, countingRuntime, openTestBroker } from "../support/test-broker.ts";

const MEMBERS = 40;
const GROUP = "gr\u00fc\u00dfe/ 1";

/** A group's whole life on real stores: what memory takes, the others must take too. */
export function groupSuite(open: () => Promise<{ objects: ObjectStore; items: ItemStore }>): void {
  test("many members join over several brokers, share, commit, leave, and are deleted with their offsets", async () => {
    const stores = await open();
    const runtime = countingRuntime();
    const counter = new StoreCounter();
    const brokers: Broker[] = [];
    for (let at = 0; at < 3; at++) brokers.push(await openTestBroker({ ...stores, counter, runtime }));
    const serviceFor = (at: number) => (brokers[at % brokers.length] as Broker).service;
    const context = () => contextWithin(runtime);
    await serviceFor(0).createTopics(context(), { topics: [{ name: "t", partitions: 2 * MEMBERS }] });
    const members = Array.from({ length: MEMBERS }, (_, at) => {
      return {
        at,
        memberId: `member-${at}-with-a-long-name`,
        epoch: 0,
        assignment: [] as GroupHeartbeatReply["assignment"],
      };
    });
    const beat = async (member: (typeof members)[number], memberEpoch = member.epoch): Promise<boolean> => {
      const { at, memberId, assignment = [] } = member;
      const owned = assignment.map(({ topicId, partitions }) => ({ topicId, partitions }));
      const request = { groupId: GROUP, memberId, memberEpoch, topics: ["t"], owned };
      const reply = await serviceFor(at).groupHeartbeat(context(), request);
      member.epoch = reply.memberEpoch;
      if (reply.assignment !== undefined) member.assignment = reply.assignment;
      return reply.assignment === undefined;
    };
    await Promise.all(members.map((member) => beat(member)));
    // What one lets go of in a round may be told to another only in the next.
    for (let quietRounds = 0, round = 0; quietRounds < 2; round++) {
      expect(round).toBeLessThan(10);
      const quiet = (await Promise.all(members.map((member) => beat(member)))).every((same) => same);
      quietRounds = quiet ? quietRounds + 1 : 0;
    }
    const owned = members.map(({ assignment = [] }) => namesOf(assignment));
    expect(owned.map(({ length }) => length)).toEqual(Array.from({ length: MEMBERS }, () => 2));
    expect(new Set(owned.flat()).size).toBe(2 * MEMBERS);
    for (const { at, memberId, epoch: memberEpoch, assignment = [] } of members) {
      const partition = assignment[0]?.partitions[0] ?? 0;
      const commit = { groupId: GROUP, memberId, memberEpoch, sequence: 1 };
      const partitions = [{ topic: "t", partition, offset: 0, metadata: "" }];
      expect((await serviceFor(at + 1).commitOffsets(context(), { ...commit, partitions })).partitions[0]?.ok).toBe(
        true,
      );
    }
    const committed = await serviceFor(1).fetchOffsets(context(), { groupId: GROUP });
    expect(committed.partitions).toHaveLength(MEMBERS);
    await Promise.all(members.map((member) => beat(member, -1)));
    const reset = { groupId: GROUP, topics: ["t"], to: { kind: "end" } } as const;
    const moved = await serviceFor(2).resetOffsets(context(), reset);
    expect(moved.partitions.filter(({ ok }) => ok)).toHaveLength(2 * MEMBERS);
    expect((await serviceFor(0).listGroups(context(), {})).groups).toEqual([
      { groupId: GROUP, state: "empty", members: 0 },
    ]);
    expect(await serviceFor(1).deleteGroups(context(), { groupIds: [GROUP] })).toEqual([{ groupId: GROUP, ok: true }]);
    expect((await serviceFor(2).fetchOffsets(context(), { groupId: GROUP })).partitions).toEqual([]);
    for (const broker of brokers) await broker.close();
  });
}
