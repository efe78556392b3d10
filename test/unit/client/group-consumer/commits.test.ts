import { beforeEach, describe, expect, test } from "vitest";
import type { CommitOffsetsRequest } from "../../../../lib/api/group-types.ts";
import type { GroupConsumer, LogService } from "../../../../lib/client/index.ts";
import { ConsumerWorld } from "../../../support/groups/consumer-world.ts";
import { refusalOf } from "../../../support/refusal.ts";
import { textsOf } from "../../../support/watched-reads.ts";

const place = { topic: "orders", partition: 0 };
let world: ConsumerWorld;

beforeEach(async () => {
  world = await ConsumerWorld.open({ partitions: 1 });
  await world.publish(10);
});

const poll = (consumer: GroupConsumer, maxRecords = 500) => world.run(consumer.poll({ maxRecords, timeoutMs: 3000 }));

/** Ends a process without a word, as far as the group can tell. */
const MUTE = { autoCommit: false };

describe("what is committed unasked", () => {
  test("is what was handed out before the poll that comes now", async () => {
    const consumer = world.consumer({ autoCommitIntervalMs: 1000 });
    await poll(consumer, 4);
    await world.pass(5000);
    expect(await world.committed()).toEqual({ 0: 0 });
    await poll(consumer, 4);
    await world.pass(2000);
    expect(await world.committed()).toEqual({ 0: 4 });
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 8 });
  });

  test("is not what a scope that was left may have failed over", async () => {
    const consumer = world.consumer({ autoCommitIntervalMs: 1000 });
    await poll(consumer, 4);
    await poll(consumer, 4);
    await world.run(consumer[Symbol.asyncDispose]());
    expect(await world.committed()).toEqual({ 0: 4 });
  });

  test("in for await is what the loop has come past", async () => {
    const consumer = world.consumer({ autoCommitIntervalMs: 1000 });
    const loop = async (): Promise<void> => {
      for await (const record of consumer) {
        if (record.offset === 5) {
          await world.virtual.scheduler.sleep(5000);
          expect(await offsetNow(world)).toBe(5);
          await consumer.commit();
          expect(await offsetNow(world)).toBe(6);
          break;
        }
      }
    };
    await world.run(loop());
    expect(textsOf(await poll(consumer, 1))).toEqual(["6"]);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 7 });
  });

  test("is the end where that was taken for the beginning, so that nothing is missed after it", async () => {
    const first = world.consumer({ fromBeginning: false });
    expect(await poll(first)).toEqual([]);
    expect(await world.committed()).toEqual({ 0: 10 });
    await world.run(first.close());
    await world.publish(2);
    const second = world.consumer({ fromBeginning: false });
    expect(textsOf(await poll(second))).toEqual(["10", "11"]);
    await world.run(second.close());
  });

  test("is nothing without autoCommit", async () => {
    const consumer = world.consumer(MUTE);
    await poll(consumer);
    await poll(consumer);
    await world.pass(20_000);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({});
  });
});

describe("a commit that is asked for", () => {
  test("takes in all that was handed out", async () => {
    const consumer = world.consumer(MUTE);
    await poll(consumer, 4);
    await world.run(consumer.commit());
    expect(await world.committed()).toEqual({ 0: 4 });
    expect(await world.run(consumer.committed())).toEqual([{ ...place, offset: 4, metadata: "" }]);
    await world.run(consumer.close());
  });

  test("names offsets and metadata", async () => {
    const consumer = world.consumer(MUTE);
    await poll(consumer);
    await world.run(consumer.commit({ ...place, offset: 3, metadata: "by hand" }));
    expect(await world.run(consumer.committed(place))).toEqual([{ ...place, offset: 3, metadata: "by hand" }]);
    await world.run(consumer.close());
    const next = world.consumer(MUTE);
    expect(textsOf(await poll(next, 1))).toEqual(["3"]);
    await world.run(next.close());
  });

  test("need not be waited for, and says in the end how it went", async () => {
    const consumer = world.consumer(MUTE);
    await poll(consumer);
    const ends: unknown[] = [];
    consumer.commitAsync(undefined, (error) => void ends.push(error));
    consumer.commitAsync({ ...place, offset: 99 }, (error) => void ends.push(error?.code));
    await world.pass(1000);
    expect(ends).toEqual([undefined, "OffsetOutOfRange"]);
    await world.run(consumer.close());
  });

  test("comes after those before it, one at a time and numbered from 1", async () => {
    const requests: CommitOffsetsRequest[] = [];
    let underWay = 0;
    const commitOffsets: LogService["commitOffsets"] = async (context, request) => {
      requests.push(request);
      underWay += 1;
      expect(underWay).toBe(1);
      await world.virtual.scheduler.sleep(100);
      underWay -= 1;
      return world.virtual.broker.service.commitOffsets(context, request);
    };
    const consumer = world.consumer({ ...MUTE, service: world.service(() => ({ commitOffsets })) });
    await poll(consumer);
    for (const offset of [1, 2, 3]) consumer.commitAsync({ ...place, offset });
    await world.pass(1000);
    expect(requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(await world.committed()).toEqual({ 0: 3 });
    await world.run(consumer.close());
  });

  test.each([
    ["of a partition that is another's", { topic: "returns", partition: 0, offset: 0 }, "StaleMemberEpoch", 113],
    ["beyond the high watermark", { ...place, offset: 11 }, "OffsetOutOfRange", 1],
    ["of a topic that does not exist", { topic: "nope", partition: 0, offset: 0 }, "UnknownTopicOrPartition", 3],
    ["with endless metadata", { ...place, offset: 1, metadata: "x".repeat(4097) }, "OffsetMetadataTooLarge", 12],
  ])("%s is refused with Kafka's code", async (_, offset, code, kafkaCode) => {
    await world.createTopic("returns", 1);
    const consumer = world.consumer(MUTE);
    await poll(consumer);
    const refused = await world.run(refusalOf(() => consumer.commit(offset)));
    expect(refused).toMatchObject({ code, kafkaCode });
    expect(refused.message.length).toBeGreaterThan(20);
    await world.run(consumer.close());
  });

  test("before the consumer has joined is refused", async () => {
    const consumer = world.consumer(MUTE);
    expect((await refusalOf(() => consumer.commit({ ...place, offset: 1 }))).code).toBe("UnknownMemberId");
    await world.run(consumer.close());
    expect((await refusalOf(() => consumer.commit())).code).toBe("Closed");
  });
});

describe("where a member begins", () => {
  test("nowhere with autoOffsetReset none, until it seeks", async () => {
    const consumer = world.consumer({ fromBeginning: false, autoOffsetReset: "none" });
    for (let attempt = 0; attempt < 2; attempt++) {
      const refused = await world.run(refusalOf(() => consumer.poll({ timeoutMs: 3000 })));
      expect(refused).toMatchObject({ code: "OffsetOutOfRange", details: { place: "orders/0" } });
    }
    consumer.seek(place, 8);
    expect(textsOf(await poll(consumer))).toEqual(["8", "9"]);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 10 });
  });

  test("where the group is, though that has left the log: then as told", async () => {
    const first = world.consumer(MUTE);
    await poll(first);
    await world.run(first.commit({ ...place, offset: 2 }));
    await world.run(first.close());
    await world.run(world.log.admin.deleteRecords(place, 6));
    const second = world.consumer();
    expect(textsOf(await poll(second))).toEqual(["6", "7", "8", "9"]);
    await world.run(second.close());
  });

  test("where it has sought to, and commits from there", async () => {
    const consumer = world.consumer();
    await poll(consumer);
    consumer.seek(place, 7);
    expect(await world.run(consumer.position(place))).toBe(7);
    expect(textsOf(await poll(consumer, 1))).toEqual(["7"]);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 8 });
  });

  test("not with what is paused", async () => {
    const consumer = world.consumer();
    expect(await poll(consumer, 2)).toHaveLength(2);
    consumer.pause();
    expect(consumer.paused()).toEqual([place]);
    expect(await poll(consumer)).toEqual([]);
    consumer.resume(place);
    expect(await poll(consumer)).toHaveLength(8);
    await world.run(consumer.close());
  });
});

async function offsetNow({ log }: ConsumerWorld): Promise<number | undefined> {
  return (await log.admin.groups.offsets("billing"))[0]?.offset;
}
