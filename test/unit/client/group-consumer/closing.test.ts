import { beforeEach, describe, expect, test } from "vitest";
import type { TopicPartition } from "../../../../lib/client/index.ts";
import { LogError } from "../../../../lib/client/index.ts";
import { ConsumerWorld, PollingApplication } from "../../../support/groups/consumer-world.ts";
import { refusalOf } from "../../../support/refusal.ts";

let world: ConsumerWorld;

beforeEach(async () => {
  world = await ConsumerWorld.open();
  await world.publish(12);
});

describe("a consumer that closes", () => {
  test("takes no longer than it was told, with the server away", async () => {
    let isAway = false;
    const service = world.service((broker) => {
      const away = new LogError("NetworkException", "no connection");
      return {
        commitOffsets: (...args) => (isAway ? Promise.reject(away) : broker.commitOffsets(...args)),
        groupHeartbeat: (...args) => (isAway ? Promise.reject(away) : broker.groupHeartbeat(...args)),
      };
    });
    const consumer = world.consumer({ service, closeTimeoutMs: 10_000 });
    await world.run(consumer.poll({ timeoutMs: 3000 }));
    isAway = true;
    const beganMs = world.nowMs;
    const asked = refusalOf(() => consumer.commit());
    await world.run(consumer.close());
    expect(world.nowMs - beganMs).toBeLessThanOrEqual(10_000);
    expect((await world.run(asked)).code).toBe("UnknownMemberId");
  });

  test("tells a handler that takes longer that its partition is taken away", async () => {
    const consumer = world.consumer({ closeTimeoutMs: 10_000 });
    const reasons: unknown[] = [];
    const running = consumer.run({
      eachRecord: async (_, { signal }) => {
        signal.addEventListener("abort", () => reasons.push(signal.reason));
        await world.virtual.scheduler.sleep(60_000);
      },
    });
    await world.pass(3000);
    await world.run(consumer.close());
    expect(reasons).toMatchObject([{ code: "UnknownMemberId" }]);
    await world.run(running);
    expect(Object.values(await world.committed()).every((offset) => offset === 0)).toBe(true);
  });

  test("tells of each partition once that it goes, though a listener is still at some when the time is over", async () => {
    const told: string[] = [];
    const onRevoked = async (partitions: readonly TopicPartition[]): Promise<void> => {
      told.push(partitions.map(({ partition }) => partition).join());
      await world.virtual.scheduler.sleep(60_000);
    };
    const consumer = world.consumer({ onRevoked, closeTimeoutMs: 10_000 });
    const application = new PollingApplication(consumer);
    await world.pass(3000);
    const other = world.consumer();
    const others = new PollingApplication(other);
    await world.pass(10_000);
    expect(told).toHaveLength(1);
    application.stop();
    await world.run(consumer.close());
    expect(told).toHaveLength(2);
    expect(told.join().split(",").sort()).toEqual(["0", "1", "2", "3", "4", "5"]);
    others.stop();
    await world.run(Promise.all([application.ended, others.ended]));
    await world.run(other.close());
  });

  test("by unsubscribing has no subscription, even when its listener fails", async () => {
    const onRevoked = (): void => {
      throw new LogError("InvalidArgument", "the listener's own");
    };
    const consumer = world.consumer({ onRevoked });
    await world.run(consumer.poll({ timeoutMs: 3000 }));
    expect((await world.run(refusalOf(() => consumer.unsubscribe()))).message).toBe("the listener's own");
    expect((await refusalOf(() => consumer.poll())).message).toContain("see subscribe");
    await world.run(consumer.close());
  });
});

test("what the group has not given cannot be sought, and how to get it is told", async () => {
  const consumer = world.consumer();
  const refused = await refusalOf(() => consumer.seek({ topic: "orders", partition: 0 }, 3));
  expect(refused.message).toContain("onAssigned");
  await world.run(consumer.close());
});

test.each([{ maxRecords: 0 }, { maxRecords: Number.NaN }, { timeoutMs: -1 }, { timeoutMs: Number.NaN }])(
  "a poll that could only wait is refused: %o",
  async (options) => {
    const consumer = world.consumer();
    const byHand = world.log.consumer({ assign: "orders" });
    expect((await refusalOf(() => consumer.poll(options))).code).toBe("InvalidArgument");
    expect((await refusalOf(() => byHand.poll(options))).code).toBe("InvalidArgument");
    if ("maxRecords" in options) {
      const run = { ...options, eachRecord: () => undefined };
      expect((await refusalOf(() => consumer.run(run))).code).toBe("InvalidArgument");
    }
    await world.run(Promise.all([consumer.close(), byHand.close()]));
  },
);
