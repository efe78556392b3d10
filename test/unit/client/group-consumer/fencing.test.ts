import { beforeEach, describe, expect, test } from "vitest";
import type { TopicPartition } from "../../../../lib/client/index.ts";
import { LogError } from "../../../../lib/client/index.ts";
import { ConsumerWorld, numbersUpTo, PollingApplication, sorted } from "../../../support/groups/consumer-world.ts";
import { refusalOf } from "../../../support/refusal.ts";

let world: ConsumerWorld;

beforeEach(async () => {
  world = await ConsumerWorld.open();
  await world.publish(60);
});

describe("an application that is slow", () => {
  test("stays a member while it works, however long the session is over", async () => {
    const lost: TopicPartition[] = [];
    const consumer = world.consumer({ onLost: (partitions) => void lost.push(...partitions) });
    const records = await world.run(consumer.poll({ timeoutMs: 10_000 }));
    const { memberId } = consumer;
    await world.pass(200_000);
    const { members } = await world.run(world.log.admin.groups.describe("billing"));
    expect(members.map((member) => member.memberId)).toEqual([memberId]);
    await world.run(consumer.commit());
    expect(Object.values(await world.committed()).reduce((sum, offset) => sum + offset, 0)).toBe(records.length);
    await world.run(consumer.close());
    expect(lost).toEqual([]);
  });

  test("loses everything beyond maxPollIntervalMs, is told so, and joins again with its next poll", async () => {
    const lost: TopicPartition[] = [];
    const consumer = world.consumer({
      maxPollIntervalMs: 60_000,
      onLost: (partitions) => void lost.push(...partitions),
    });
    const first = await world.run(consumer.poll({ timeoutMs: 10_000 }));
    await world.pass(59_000);
    expect((await world.run(world.log.admin.groups.describe("billing"))).members).toHaveLength(1);
    await world.pass(10_000);
    expect((await world.run(world.log.admin.groups.describe("billing"))).members).toEqual([]);
    const refused = await world.run(refusalOf(() => consumer.commit()));
    expect(refused).toMatchObject({ code: "UnknownMemberId", kafkaCode: 25 });
    expect(refused.message).toContain("maxPollIntervalMs");
    const again = await world.run(consumer.poll({ timeoutMs: 10_000 }));
    expect(lost).toHaveLength(6);
    expect(again.map((record) => record.text()).sort()).toEqual(first.map((record) => record.text()).sort());
    await world.run(consumer.close());
  });

  test("over a record of run loses it as well, and its signal says so", async () => {
    const aborted: unknown[] = [];
    let slow = true;
    const consumer = world.consumer({ maxPollIntervalMs: 30_000 });
    const seen: string[] = [];
    const running = consumer.run({
      eachRecord: async (record, { signal }) => {
        if (slow) {
          slow = false;
          await world.virtual.scheduler.sleep(100_000);
          aborted.push(signal.reason);
          return;
        }
        seen.push(record.text() ?? "");
      },
    });
    await world.pass(120_000);
    expect(aborted).toMatchObject([{ code: "UnknownMemberId" }]);
    expect(sorted(seen)).toEqual(numbersUpTo(60));
    await world.run(consumer.close());
    await world.run(running);
  });
});

describe("a member that is fenced", () => {
  test("is told what it lost, and what it commits is refused, not tried again", async () => {
    let cutOff = false;
    let commits = 0;
    const service = world.service((inner) => ({
      groupHeartbeat: async (context, request) => {
        if (cutOff) throw new LogError("NetworkException", "cut off");
        return inner.groupHeartbeat(context, request);
      },
      commitOffsets: (context, request) => {
        commits += 1;
        return inner.commitOffsets(context, request);
      },
    }));
    const lost: TopicPartition[] = [];
    const frozen = world.consumer({
      service,
      autoCommit: false,
      onLost: (partitions) => void lost.push(...partitions),
    });
    const records = await world.run(frozen.poll({ timeoutMs: 10_000 }));
    expect(records.length).toBeGreaterThan(0);
    const { memberId } = frozen;
    cutOff = true;
    const other = world.consumer();
    const application = new PollingApplication(other);
    await world.pass(100_000);
    expect(other.assignment()).toHaveLength(6);
    commits = 0;
    const refused = await world.run(refusalOf(() => frozen.commit()));
    expect(refused).toMatchObject({ code: "UnknownMemberId", kafkaCode: 25 });
    expect(commits).toBe(1);
    cutOff = false;
    await world.run(frozen.poll({ timeoutMs: 10_000 }));
    expect(lost).toHaveLength(6);
    expect(frozen.memberId).not.toBe(memberId);
    expect(sorted(application.seen)).toEqual(numbersUpTo(60));
    application.stop();
    await world.run(Promise.all([application.ended, frozen.close(), other.close()]));
  });

  test.each([
    ["FencedMemberEpoch", true],
    ["UnknownMemberId", false],
    ["GroupIdNotFound", false],
  ] as const)("by %s gives up everything and joins again, under its own id: %s", async (code, keepsId) => {
    let fences = false;
    const service = world.service((inner) => ({
      groupHeartbeat: async (context, request) => {
        if (fences && request.memberEpoch > 0) {
          fences = false;
          throw new LogError(code, "as the test wants it");
        }
        return inner.groupHeartbeat(context, request);
      },
    }));
    const story: string[] = [];
    const consumer = world.consumer({
      service,
      onAssigned: (partitions) => void story.push(`assigned ${partitions.length}`),
      onRevoked: () => void story.push("revoked"),
      onLost: (partitions) => void story.push(`lost ${partitions.length}`),
    });
    const application = new PollingApplication(consumer);
    await world.pass(3000);
    const { memberId } = consumer;
    fences = true;
    await world.pass(70_000);
    expect(consumer.memberId === memberId).toBe(keepsId);
    expect(story.slice(0, 2)).toEqual(["assigned 6", "lost 6"]);
    expect(consumer.assignment().length).toBeGreaterThan(0);
    expect(application.errors).toEqual([]);
    application.stop();
    await world.run(application.ended);
    await world.run(consumer.close());
  });

  test("hands out nothing that was fetched before, when it has not been heard for a session", async () => {
    let cutOff = false;
    const service = world.service((inner) => ({
      groupHeartbeat: async (context, request) => {
        if (cutOff) throw new LogError("NetworkException", "cut off");
        return inner.groupHeartbeat(context, request);
      },
    }));
    const consumer = world.consumer({ service });
    expect(await world.run(consumer.poll({ timeoutMs: 10_000, maxRecords: 5 }))).toHaveLength(5);
    cutOff = true;
    await world.pass(50_000);
    expect(await world.run(consumer.poll({ timeoutMs: 5000 }))).toEqual([]);
    cutOff = false;
    expect((await world.run(consumer.poll({ timeoutMs: 5000 }))).length).toBeGreaterThan(0);
    await world.run(consumer.close());
  });
});

describe("answers that get lost", () => {
  test("change nothing: who joins, commits and leaves does so once", async () => {
    let count = 0;
    const lose = async <T>(answer: Promise<T>): Promise<T> => {
      const value = await answer;
      count += 1;
      if (count % 2 === 1) throw new LogError("NetworkException", "the answer got lost", { effect: "unknown" });
      return value;
    };
    const service = world.service((inner) => ({
      groupHeartbeat: (context, request) => lose(inner.groupHeartbeat(context, request)),
      commitOffsets: (context, request) => lose(inner.commitOffsets(context, request)),
    }));
    const first = world.consumer({ service });
    const applications = [new PollingApplication(first)];
    await world.pass(5000);
    const epoch = (await world.run(world.log.admin.groups.describe("billing"))).groupEpoch;
    expect(epoch).toBe(1);
    const second = world.consumer({ service });
    applications.push(new PollingApplication(second));
    await world.publish(60);
    await world.pass(20_000);
    expect([first.assignment().length, second.assignment().length]).toEqual([3, 3]);
    for (const application of applications) application.stop();
    await world.run(Promise.all(applications.map(({ ended }) => ended)));
    await world.run(first.close());
    await world.run(second.close());
    expect(sorted(applications.flatMap(({ seen }) => seen))).toEqual(numbersUpTo(120));
    expect(await world.lag()).toBe(0);
    expect((await world.run(world.log.admin.groups.describe("billing"))).members).toEqual([]);
  });
});

test("run begins nothing once the group has removed it, though it still waits for handlers to let go of a part", async () => {
  let isRemoved = false;
  const service = world.service(({ groupHeartbeat }) => ({
    groupHeartbeat: (context, request) => {
      if (!isRemoved) return groupHeartbeat(context, request);
      // It cannot join again, either.
      const code = request.memberEpoch > 0 ? "UnknownMemberId" : "NetworkException";
      return Promise.reject(new LogError(code, "removed"));
    },
  }));
  const lost: TopicPartition[] = [];
  const consumer = world.consumer({ service, onLost: (partitions) => void lost.push(...partitions) });
  const begun: string[] = [];
  const running = consumer.run({
    concurrency: 6,
    eachRecord: async (record) => {
      begun.push(record.text() ?? "");
      await world.virtual.scheduler.sleep(40_000);
    },
  });
  await world.pass(10_000);
  const other = world.consumer();
  const polling = other.poll({ timeoutMs: 60_000 });
  await world.pass(15_000);
  isRemoved = true;
  await world.pass(10_000);
  const begunBefore = begun.length;
  expect([begunBefore, lost.length]).toEqual([6, 0]);
  await world.pass(60_000);
  expect(begun).toHaveLength(begunBefore);
  expect(lost.length).toBeGreaterThan(0);
  isRemoved = false;
  await world.run(Promise.all([consumer.close(), running, polling, other.close()]));
});
