import { beforeEach, expect, test } from "vitest";
import { LATEST_TIMESTAMP, LogError, type Tidelog } from "../../../lib/client/index.ts";
import { refusalOf } from "../../support/refusal.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

let world: VirtualLog;
let log: Tidelog;

beforeEach(async () => {
  world = await VirtualLog.open();
  log = world.client();
});

test("topics are created, described, grown, altered, listed and deleted", async () => {
  const { admin } = log;
  const created = await world.run(admin.createTopic({ name: "orders", partitions: 2 }));
  expect(created).toEqual({ topic: "orders", topicId: created.topicId, partitions: 2, configs: {} });
  expect(await world.run(admin.createPartitions("orders", 3))).toMatchObject({ partitions: 3 });
  const entries = await world.run(admin.alterConfigs("orders", { set: { "max.message.bytes": "5000" } }));
  expect(entries).toContainEqual({ name: "max.message.bytes", value: "5000", source: "topic" });
  expect(await world.run(admin.describeConfigs("orders"))).toEqual(entries);
  expect((await world.run(admin.listTopics())).map(({ topic }) => topic)).toEqual(["orders"]);
  await world.run(admin.deleteTopic("orders"));
  expect(await world.run(admin.listTopics())).toEqual([]);
});

test("what concerns one topic is thrown, and a missing one names the command that creates it", async () => {
  const { admin } = log;
  await world.run(admin.createTopic({ name: "orders" }));
  expect((await refusalOf(() => world.run(admin.createTopic({ name: "orders" })))).code).toBe("TopicAlreadyExists");
  const missing = await refusalOf(() => world.run(admin.describeTopic("others")));
  expect(missing.code).toBe("UnknownTopicOrPartition");
  expect(missing.message).toContain("tidelog topics create others");
});

test("records are deleted up to an offset, or all, and a topic that is only compacted keeps its own", async () => {
  const { admin } = log;
  const at = { topic: "orders", partition: 0 };
  await world.run(
    log.publish(
      "orders",
      ["a", "b", "c"].map((value) => ({ value })),
    ),
  );
  expect(await world.run(admin.deleteRecords(at, 1))).toBe(1);
  expect(await world.run(admin.offsets("orders"))).toEqual([{ ...at, logStartOffset: 1, highWatermark: 3 }]);
  expect(await refusalOf(() => world.run(admin.deleteRecords(at, 4)))).toMatchObject({
    code: "OffsetOutOfRange",
    details: { ...at, offset: 4, logStartOffset: 1, highWatermark: 3 },
  });
  expect(await world.run(admin.deleteRecords(at))).toBe(3);
  await world.run(admin.alterConfigs("orders", { set: { "cleanup.policy": "compact" } }));
  expect(await refusalOf(() => world.run(admin.deleteRecords(at, 3)))).toMatchObject({
    code: "PolicyViolation",
    kafkaCode: 44,
  });
});

test("a check alone creates nothing", async () => {
  await world.run(log.admin.createTopic({ name: "orders" }, { validateOnly: true }));
  expect(await world.run(log.admin.listTopics())).toEqual([]);
});

test("offsets are told per partition", async () => {
  await world.run(log.admin.createTopic({ name: "orders", partitions: 2 }));
  await world.run(
    log.publish("orders", [
      { value: "a", partition: 1 },
      { value: "b", partition: 1 },
    ]),
  );
  expect(await world.run(log.admin.offsets("orders"))).toEqual([
    { topic: "orders", partition: 0, logStartOffset: 0, highWatermark: 0 },
    { topic: "orders", partition: 1, logStartOffset: 0, highWatermark: 2 },
  ]);
  const place = { topic: "orders", partition: 1 };
  const [latest] = await world.run(log.admin.listOffsets([place], LATEST_TIMESTAMP));
  expect(latest).toEqual({ ...place, offset: 2, timestamp: -1, leaderEpoch: latest?.leaderEpoch });
});

test("reads are repeated while the server cannot be reached; changes are not", async () => {
  let failures = 0;
  const failOnce = (): void => {
    failures += 1;
    if (failures % 2 === 1) throw new LogError("NetworkException", "cut off", { effect: "unknown" });
  };
  const { service } = world.broker;
  const client = world.client({
    service: {
      ...service,
      describeTopics: async (context, request) => {
        failOnce();
        return service.describeTopics(context, request);
      },
      createTopics: async (context, request) => {
        failOnce();
        return service.createTopics(context, request);
      },
    },
  });
  expect(await world.run(client.admin.listTopics())).toEqual([]);
  const error = await refusalOf(() => world.run(client.admin.createTopic({ name: "orders" })));
  expect([error.code, error.effect]).toEqual(["NetworkException", "unknown"]);
  expect(failures).toBe(3);
});

test("a request that hangs ends with its time, or with the caller's signal", async () => {
  const service = { ...world.broker.service, describeServer: () => new Promise<never>(() => {}) };
  const client = world.client({ service, requestTimeoutMs: 1000 });
  expect((await refusalOf(() => world.run(client.admin.describeServer()))).code).toBe("RequestTimedOut");
  const controller = new AbortController();
  const waiting = refusalOf(() => client.admin.describeServer({ signal: controller.signal }));
  await world.pass(10);
  controller.abort();
  expect((await world.run(waiting)).code).toBe("Aborted");
});

test("nothing can be used after close, which closes producers and consumers, and then what is below, once", async () => {
  let closed = 0;
  const client = world.client({ onClose: () => void closed++ } as object);
  const producer = client.producer();
  const consumer = client.consumer({ assign: "orders" });
  await world.run(Promise.all([client.close(), client.close()]));
  expect(closed).toBe(1);
  for (const use of [
    () => client.publish("orders", { value: "x" }),
    () => producer.publish("orders", { value: "x" }),
    () => consumer.poll(),
    () => client.producer(),
    () => client.consumer(),
  ]) {
    expect((await refusalOf(use)).code).toBe("Closed");
  }
});
