import { beforeEach, describe, expect, test } from "vitest";
import type { TopicPartition } from "../../../../lib/client/index.ts";
import {
  ConsumerWorld,
  numbersUpTo,
  PollingApplication,
  sorted,
  type TestConsumerOptions,
} from "../../../support/groups/consumer-world.ts";
import { refusalOf } from "../../../support/refusal.ts";

let world: ConsumerWorld;

beforeEach(async () => {
  world = await ConsumerWorld.open();
});

const partitionsOf = (places: readonly TopicPartition[]): number[] => places.map(({ partition }) => partition).sort();

async function stop(applications: readonly PollingApplication[]): Promise<void> {
  for (const application of applications) application.stop();
  await world.run(Promise.all(applications.map(({ ended }) => ended)));
}

describe("a partition is let go", () => {
  test("only after what came of it is committed and the listener has returned", async () => {
    await world.publish(60);
    const story: string[] = [];
    const first = world.consumer({
      autoCommitIntervalMs: 3_600_000,
      onRevoked: async (partitions) => {
        story.push(`revoked ${partitions.length}`);
        await world.virtual.scheduler.sleep(20_000);
        story.push("let go");
      },
    });
    const applications = [new PollingApplication(first)];
    await world.pass(5000);
    expect((await world.committed())[0]).toBe(0);
    const second = world.consumer({ onAssigned: (partitions) => void story.push(`assigned ${partitions.length}`) });
    applications.push(new PollingApplication(second));
    await world.pass(18_000);
    expect(story).toEqual(["revoked 3"]);
    expect(second.assignment()).toEqual([]);
    const committed = await world.committed();
    expect(Object.values(committed).filter((offset) => offset === 10)).toHaveLength(3);
    await world.pass(15_000);
    expect(story).toEqual(["revoked 3", "let go", "assigned 3"]);
    await stop(applications);
    await world.run(Promise.all([first.close(), second.close()]));
    expect(sorted(applications.flatMap(({ seen }) => seen))).toEqual(numbersUpTo(60));
  });

  test("and the group hears of it at once, not with the next heartbeat", async () => {
    let revokedMs = Number.POSITIVE_INFINITY;
    const heardMs: number[] = [];
    const service = world.service((inner) => ({
      groupHeartbeat: (context, request) => {
        if (world.nowMs >= revokedMs) heardMs.push(world.nowMs - revokedMs);
        return inner.groupHeartbeat(context, request);
      },
    }));
    const first = world.consumer({
      service,
      onRevoked: () => {
        revokedMs = world.nowMs;
      },
    });
    const applications = [new PollingApplication(first)];
    await world.pass(3000);
    const second = world.consumer();
    applications.push(new PollingApplication(second));
    await world.pass(12_000);
    expect(heardMs[0]).toBeLessThan(100);
    await stop(applications);
    await world.run(Promise.all([first.close(), second.close()]));
  });

  test("and the group hears of it at once though others join meanwhile, time and again", async () => {
    let joined = 0;
    const service = world.service(({ groupHeartbeat }) => ({
      async groupHeartbeat(context, request) {
        const join = { groupId: "billing", memberEpoch: 0, sequence: 1, topics: ["nothing"] };
        if (isSecondThere && joined < 4) await groupHeartbeat(context, { ...join, memberId: `other-${++joined}` });
        return groupHeartbeat(context, request);
      },
    }));
    let isSecondThere = false;
    const first = world.consumer({ service });
    const applications = [new PollingApplication(first)];
    await world.pass(10_000);
    const second = world.consumer();
    isSecondThere = true;
    applications.push(new PollingApplication(second));
    await world.pass(11_500);
    expect(joined).toBe(4);
    expect(second.assignment()).toHaveLength(3);
    await stop(applications);
    await world.run(Promise.all([first.close(), second.close()]));
  });

  test("while the application is at work on it, only when it polls again", async () => {
    await world.publish(60);
    const first = world.consumer();
    const applications = [
      new PollingApplication(first, async (records) => {
        if (records[0]?.text() === "60") await world.virtual.scheduler.sleep(30_000);
      }),
    ];
    await world.pass(5000);
    await world.publish(1);
    await world.pass(1000);
    const second = world.consumer();
    applications.push(new PollingApplication(second));
    await world.pass(20_000);
    expect(second.assignment()).toEqual([]);
    await world.pass(20_000);
    expect(second.assignment()).toHaveLength(3);
    await stop(applications);
    await world.run(Promise.all([first.close(), second.close()]));
    expect(sorted(applications.flatMap(({ seen }) => seen))).toEqual(numbersUpTo(61));
  });

  test("though its listener never returns, when maxPollIntervalMs is over", async () => {
    const first = world.consumer({ maxPollIntervalMs: 20_000, onRevoked: () => new Promise(() => {}) });
    const second = world.consumer();
    const applications = [new PollingApplication(first)];
    await world.pass(3000);
    applications.push(new PollingApplication(second));
    await world.pass(60_000);
    expect(second.assignment().length).toBeGreaterThan(0);
    await stop(applications);
    const closing = Promise.all([first.close(), second.close()]);
    await world.run(closing);
  });

  test("and a listener's own failure is what poll throws, with the partition let go nonetheless", async () => {
    const failure = new Error("the listener's own");
    const first = world.consumer({ onRevoked: () => Promise.reject(failure) });
    const applications = [new PollingApplication(first)];
    await world.pass(3000);
    const second = world.consumer();
    applications.push(new PollingApplication(second));
    await world.pass(12_000);
    expect(applications[0]?.errors).toEqual([failure]);
    expect([first.assignment().length, second.assignment().length]).toEqual([3, 3]);
    await stop(applications);
    await world.run(Promise.all([first.close(), second.close()]));
  });
});

describe("a static member", () => {
  test("that is restarted gets the same partitions, and nobody else's change", async () => {
    await world.publish(30);
    const others: string[] = [];
    const other = world.consumer({
      onAssigned: () => void others.push("assigned"),
      onRevoked: () => void others.push("revoked"),
    });
    const first = world.consumer({ instanceId: "till-1" });
    const applications = [new PollingApplication(other), new PollingApplication(first)];
    await world.pass(20_000);
    const before = partitionsOf(first.assignment());
    expect(before).toHaveLength(3);
    await stop(applications.slice(1));
    await world.run(first.close());
    others.length = 0;
    await world.pass(10_000);
    const restarted = world.consumer({ instanceId: "till-1" });
    applications.push(new PollingApplication(restarted));
    await world.pass(10_000);
    expect(partitionsOf(restarted.assignment())).toEqual(before);
    expect(others).toEqual([]);
    await stop(applications);
    await world.run(Promise.all([restarted.close(), other.close()]));
    expect(sorted(applications.flatMap(({ seen }) => seen))).toEqual(numbersUpTo(30));
  });

  test("is alone with its instance id", async () => {
    const first = world.consumer({ instanceId: "till-1" });
    await world.run(first.poll({ timeoutMs: 100 }));
    const second = world.consumer({ instanceId: "till-1" });
    const refused = await world.run(refusalOf(() => second.poll({ timeoutMs: 5000 })));
    expect(refused).toMatchObject({ code: "UnreleasedInstanceId", kafkaCode: 111 });
    expect(refused.message).toContain("till-1");
    await world.run(first.close());
    await world.run(second.poll({ timeoutMs: 5000 }));
    expect(second.assignment()).toHaveLength(6);
    await world.run(second.close());
  });
});

describe("a subscription", () => {
  test("by pattern picks up a topic that is created later", async () => {
    const consumer = world.consumer({ to: { pattern: /ord.*/ } });
    const application = new PollingApplication(consumer);
    await world.publish(6);
    await world.pass(5000);
    await world.createTopic("orders-2", 1);
    await world.run(world.log.publish("orders-2", { value: "6" }));
    await world.pass(60_000);
    expect(sorted(application.seen)).toEqual(numbersUpTo(7));
    expect(consumer.assignment()).toContainEqual({ topic: "orders-2", partition: 0 });
    await stop([application]);
    await world.run(consumer.close());
  });

  test("is changed by another one", async () => {
    await world.createTopic("returns", 1);
    const revoked: TopicPartition[] = [];
    const consumer = world.consumer();
    await world.run(consumer.poll({ timeoutMs: 1000 }));
    consumer.subscribe(["returns"], {
      fromBeginning: true,
      onRevoked: (partitions) => void revoked.push(...partitions),
    });
    const application = new PollingApplication(consumer);
    await world.run(world.log.publish("returns", { value: "back" }));
    await world.pass(10_000);
    expect(application.seen).toEqual(["back"]);
    expect(revoked).toHaveLength(6);
    expect(consumer.assignment()).toEqual([{ topic: "returns", partition: 0 }]);
    await stop([application]);
    await world.run(consumer.unsubscribe());
    expect(consumer.assignment()).toEqual([]);
    expect((await world.run(world.log.admin.groups.describe("billing"))).members).toEqual([]);
    expect((await refusalOf(() => consumer.poll())).code).toBe("InvalidArgument");
    await world.run(consumer.close());
  });

  test("to what is deleted goes on with the rest", async () => {
    await world.createTopic("returns", 1);
    const consumer = world.consumer({ to: ["orders", "returns"] });
    const application = new PollingApplication(consumer);
    await world.pass(5000);
    await world.run(world.log.admin.deleteTopic("returns"));
    await world.pass(40_000);
    await world.publish(6);
    await world.pass(5000);
    expect(application.errors).toEqual([]);
    expect(sorted(application.seen)).toEqual(numbersUpTo(6));
    expect(consumer.assignment()).toHaveLength(6);
    await stop([application]);
    await world.run(consumer.close());
  });

  test("to what is deleted and made anew under its name reads all of the new one, and nothing for the old one", async () => {
    await world.publish(60);
    const consumer = world.consumer();
    const application = new PollingApplication(consumer);
    await world.pass(5000);
    expect(sorted(application.seen)).toEqual(numbersUpTo(60));
    await world.run(world.log.admin.deleteTopic("orders"));
    await world.run(world.log.admin.createTopic({ name: "orders", partitions: 6 }));
    application.seen.length = 0;
    const values = Array.from({ length: 120 }, (_, number) => `new ${number}`);
    await world.run(
      world.log.publish(
        "orders",
        values.map((value, number) => ({ value, partition: number % 6 })),
      ),
    );
    await world.pass(60_000);
    expect(application.errors).toEqual([]);
    expect(new Set(application.seen)).toEqual(new Set(values));
    await stop([application]);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 20, 1: 20, 2: 20, 3: 20, 4: 20, 5: 20 });
  });

  test("to what is made anew while it lets go of something else lets go of the old one before it has the new one", async () => {
    await world.createTopic("returns", 1);
    const publish = (values: readonly string[]) =>
      world.run(
        world.log.publish(
          "returns",
          values.map((value) => ({ value })),
        ),
      );
    await publish(["old 0", "old 1", "old 2"]);
    const told: string[] = [];
    const { admin } = world.log;
    const tell = (what: string, places: readonly TopicPartition[]): void => {
      for (const { topic } of places) if (topic === "returns") told.push(what);
    };
    const onAssigned = (places: readonly TopicPartition[]): void => tell("assigned", places);
    const onRevoked = async (places: readonly TopicPartition[]): Promise<void> => {
      tell("revoked", places);
      if (places.some(({ topic }) => topic === "returns")) return;
      await admin.deleteTopic("returns");
      await admin.createTopic({ name: "returns", partitions: 1 });
      // By then the group has told of the new one.
      await world.virtual.scheduler.sleep(30_000);
    };
    const consumer = world.consumer({ to: ["orders", "returns"], onAssigned });
    const running = consumer.run({
      eachRecord: async (record) => {
        told.push(record.text() ?? "");
        if (record.text()?.startsWith("old")) await world.virtual.scheduler.sleep(60_000);
      },
    });
    await world.pass(5000);
    consumer.subscribe("returns", { fromBeginning: true, onAssigned, onRevoked });
    await world.pass(40_000);
    await publish(["new 0", "new 1", "new 2"]);
    await world.pass(120_000);
    expect(told).toEqual(["assigned", "old 0", "revoked", "assigned", "new 0", "new 1", "new 2"]);
    expect(await world.run(consumer.committed())).toMatchObject([{ topic: "returns", offset: 3 }]);
    await world.run(Promise.all([consumer.close(), running]));
  });
});

describe("what is refused is told by poll", () => {
  test.each<[string, TestConsumerOptions, string, number]>([
    ["an invalid pattern", { to: { pattern: "in.(" } }, "InvalidRegularExpression", 128],
    ["an unknown assignor", { assignor: "sticky" as "range" }, "UnsupportedAssignor", 112],
    ["an illegal topic name", { to: "a b" }, "InvalidTopic", 17],
    ["an endless group id", { group: "x".repeat(256) }, "InvalidGroupId", 24],
  ])("%s", async (_, options, code, kafkaCode) => {
    const consumer = world.consumer(options);
    const refused = await world.run(refusalOf(() => consumer.poll({ timeoutMs: 5000 })));
    expect(refused).toMatchObject({ code, kafkaCode });
    expect(refused.message.length).toBeGreaterThan(20);
    await world.run(consumer.close());
  });

  test.each<[string, TestConsumerOptions]>([
    ["no group", { group: "" }],
    ["no patience", { maxPollIntervalMs: 0 }],
    ["no such reset", { autoOffsetReset: "middle" as "none" }],
    ["no topics", { to: [] }],
    ["a pattern with flags", { to: { pattern: /orders/i } }],
    ["partitions by hand", { assign: "orders" } as TestConsumerOptions],
  ])("what is wrong by itself is told at once: %s", async (_, options) => {
    expect((await refusalOf(() => world.consumer(options))).code).toBe("InvalidArgument");
  });
});
