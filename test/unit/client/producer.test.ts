import { beforeEach, describe, expect, test } from "vitest";
import type { LogService } from "../../../lib/api/log-service.ts";
import type { ProduceRequest } from "../../../lib/api/record-types.ts";
import { LogError, type ProducerOptions, type Tidelog } from "../../../lib/client/index.ts";
import { compressionOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { partitionForKey } from "../../../lib/records/partitioner.ts";
import { ALL_COMPRESSIONS } from "../../support/record-arbitraries.ts";
import { refusalOf } from "../../support/refusal.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

let world: VirtualLog;
let log: Tidelog;

beforeEach(async () => {
  world = await VirtualLog.open();
  log = world.client();
});

async function textsOf(topic: string): Promise<(string | null)[]> {
  const consumer = log.consumer({ assign: topic, from: "beginning" });
  return (await world.run(consumer.poll({ maxRecords: 10_000 }))).map((record) => record.text());
}

/** A client whose produce requests are seen, and answered by `answer` where that gives something. */
function watched(answer?: (request: ProduceRequest, count: number) => Promise<unknown> | undefined) {
  const requests: ProduceRequest[] = [];
  const service: LogService = {
    ...world.broker.service,
    produce: (context, request) => {
      requests.push(request);
      const own = answer?.(request, requests.length) as ReturnType<LogService["produce"]> | undefined;
      return own ?? world.broker.service.produce(context, request);
    },
  };
  return { requests, log: world.client({ service }) };
}

describe("publish", () => {
  test("answers where each record stands, in the order of the list", async () => {
    const first = await world.run(log.publish("orders", { key: "a", value: "one", timestamp: 1_700_000_000_000 }));
    expect(first).toEqual({ topic: "orders", partition: 0, offset: 0, timestamp: 1_700_000_000_000 });
    const more = await world.run(log.publish("orders", [{ value: "two" }, { value: null }]));
    expect(more.map(({ offset }) => offset)).toEqual([1, 2]);
    expect(await textsOf("orders")).toEqual(["one", "two", null]);
  });

  test("an empty list is published at once", async () => {
    expect(await world.run(log.publish("orders", []))).toEqual([]);
  });

  test("a key goes where Kafka's clients send it, and a named partition wins", async () => {
    await world.run(log.admin.createTopic({ name: "orders", partitions: 7 }));
    const records = Array.from({ length: 50 }, (_, index) => ({ key: `customer ${index}`, value: "x" }));
    const published = await world.run(log.publish("orders", records));
    const expected = records.map(({ key }) => partitionForKey(new TextEncoder().encode(key), 7));
    expect(published.map(({ partition }) => partition)).toEqual(expected);
    expect((await world.run(log.publish("orders", { key: "customer 1", value: "x", partition: 6 }))).partition).toBe(6);
  });

  test("records without a key share batches and still spread over the partitions", async () => {
    await world.run(log.admin.createTopic({ name: "orders", partitions: 4 }));
    const producer = log.producer({ batchBytes: 1000 });
    const records = Array.from({ length: 400 }, () => ({ value: "x".repeat(80) }));
    const published = await world.run(producer.publish("orders", records));
    const counts = [0, 1, 2, 3].map((partition) => published.filter((one) => one.partition === partition).length);
    expect(Math.min(...counts)).toBeGreaterThan(20);
  });

  test("the caller may reuse its bytes as soon as publish has given control back", async () => {
    const value = Buffer.from("before");
    const publishing = log.publish("orders", { value, key: value, headers: { name: value } });
    value.fill("x");
    await world.run(publishing);
    const [record] = await world.run(log.consumer({ assign: "orders", from: "beginning" }).poll());
    expect([record?.text(), record?.keyText(), String(record?.header("name"))]).toEqual([
      "before",
      "before",
      String(new TextEncoder().encode("before")),
    ]);
  });

  test.each(ALL_COMPRESSIONS)("compresses with %s", async (compression) => {
    const { requests, log: client } = watched();
    const records = Array.from({ length: 100 }, (_, index) => ({ value: `line ${index} ${"x".repeat(50)}` }));
    await world.run(client.producer({ compression }).publish("orders", records));
    const header = readBatchHeader(requests[0]?.partitions[0]?.records as Uint8Array);
    expect(compressionOf(header)).toBe(compression);
    expect(await textsOf("orders")).toEqual(records.map(({ value }) => value));
  });

  test("records published together travel together, and those behind a request gather", async () => {
    const { requests, log: client } = watched();
    const publishing = [client.publish("orders", { value: "a" }), client.publish("orders", { value: "b" })];
    await world.run(Promise.all(publishing));
    expect(requests).toHaveLength(1);
  });

  test("linger waits for company, and flush does not wait for linger", async () => {
    const { requests, log: client } = watched();
    const producer = client.producer({ lingerMs: 1000 });
    await world.run(producer.publish("orders", { value: "first" }));
    const publishing = producer.publish("orders", { value: "a" });
    await world.pass(500);
    expect(requests).toHaveLength(1);
    await world.run(producer.flush());
    expect(requests).toHaveLength(2);
    expect((await publishing).offset).toBe(1);
  });
});

describe("what is wrong is told before anything is sent", () => {
  const wrong: [string, object][] = [
    ["a value that is a number", { value: 5 }],
    ["a value that is missing", { key: "a" }],
    ["a key that is an object", { key: {}, value: "x" }],
    ["a partition below 0", { value: "x", partition: -1 }],
    ["a timestamp that is none", { value: "x", timestamp: new Date(Number.NaN) }],
    ["a header that is a number", { value: "x", headers: { a: 1 } }],
  ];
  test.each(wrong)("%s", async (_name, record) => {
    const error = await refusalOf(() => world.run(log.publish("orders", [{ value: "good" }, record as never])));
    expect([error.code, error.effect]).toEqual(["InvalidArgument", "none"]);
    await world.run(log.publish("orders", { value: "after" }));
    expect(await textsOf("orders")).toEqual(["after"]);
  });

  const wrongOptions: [string, ProducerOptions][] = [
    ["idempotence with acks 1", { acks: 1, idempotent: true }],
    ["idempotence with acks 0", { acks: 0, idempotent: true }],
    ["acks 2", { acks: 2 as never }],
    ["more than five in flight", { maxInFlight: 6 }],
    ["an unknown codec", { compression: "brotli" as never }],
    ["no buffer", { bufferBytes: 0 }],
  ];
  test.each(wrongOptions)("%s", (_name, options) => {
    expect(() => log.producer(options)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });

  test("a topic that is missing and not created names the command that creates it", async () => {
    const producer = log.producer({ autoCreateTopics: false });
    const error = await refusalOf(() => world.run(producer.publish("orders", { value: "x" })));
    expect(error.code).toBe("UnknownTopicOrPartition");
    expect(error.message).toContain("tidelog topics create orders");
  });

  test("a partition that is missing is found once the topic has grown", async () => {
    await world.run(log.publish("orders", { value: "x" }));
    const error = await refusalOf(() => world.run(log.publish("orders", { value: "x", partition: 3 })));
    expect(error.code).toBe("UnknownTopicOrPartition");
    await world.run(world.client().admin.createPartitions("orders", 4));
    await world.pass(2000);
    expect((await world.run(log.publish("orders", { value: "x", partition: 3 }))).partition).toBe(3);
  });
});

describe("acks", () => {
  test("0 answers without an offset, stores without a producer id, and never repeats", async () => {
    const { requests, log: client } = watched((_request, count) =>
      count === 1 ? Promise.reject(new LogError("Overloaded", "busy")) : undefined,
    );
    const producer = client.producer({ acks: 0 });
    expect((await world.run(producer.publish("orders", { value: "refused" }))).offset).toBe(-1);
    await world.run(producer.flush());
    await world.run(producer.publish("orders", { value: "stored" }));
    await world.run(producer.close());
    expect(requests.map(({ acks }) => acks)).toEqual([0, 0]);
    expect(readBatchHeader(requests[1]?.partitions[0]?.records as Uint8Array).producerId).toBe(-1);
    expect(await textsOf("orders")).toEqual(["stored"]);
  });

  test("1 repeats what was lost, so that it may be stored twice", async () => {
    const { log: client } = watched((request, count) => (count === 1 ? storedButLost(request) : undefined));
    await world.run(client.producer({ acks: 1 }).publish("orders", { value: "twice" }));
    expect(await textsOf("orders")).toEqual(["twice", "twice"]);
  });

  test("all, the default, stores once what was lost", async () => {
    const { log: client } = watched((request, count) => (count === 1 ? storedButLost(request) : undefined));
    expect((await world.run(client.publish("orders", { value: "once" }))).offset).toBe(0);
    expect(await textsOf("orders")).toEqual(["once"]);
  });
});

async function storedButLost(request: ProduceRequest): Promise<never> {
  await world.broker.service.produce(contextOf(), request);
  throw new LogError("NetworkException", "cut off", { effect: "unknown" });
}

function contextOf() {
  const deadlineMs = world.runtime.clock.monotonicMs() + 10_000;
  return { principal: { kind: "anonymous" as const, name: "test" }, clientId: "test", deadlineMs };
}

describe("what the server refuses", () => {
  test("a record that is too large fails alone; those published before and after it are stored in order", async () => {
    await world.run(log.admin.createTopic({ name: "orders", configs: { "max.message.bytes": "2000" } }));
    const producer = log.producer({ batchBytes: 1500 });
    const values = ["a", "b".repeat(3000), "c", "d".repeat(1400), "e"];
    const outcomes = await world.run(Promise.allSettled(values.map((value) => producer.publish("orders", { value }))));
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "RecordTooLarge", effect: "none" } });
    expect(await textsOf("orders")).toEqual(values.filter((value) => value.length < 2000));
  });

  test("a batch that is too large is split, in order", async () => {
    await world.run(log.admin.createTopic({ name: "orders", configs: { "max.message.bytes": "1000" } }));
    const values = Array.from({ length: 100 }, (_, index) => `record ${index} ${"x".repeat(40)}`);
    const published = await world.run(
      log.publish(
        "orders",
        values.map((value) => ({ value })),
      ),
    );
    expect(published.map(({ offset }) => offset)).toEqual(values.map((_, index) => index));
    expect(await textsOf("orders")).toEqual(values);
  });

  test("a list published in part says what became of each record", async () => {
    await world.run(log.admin.createTopic({ name: "orders", partitions: 2, configs: { "max.message.bytes": "1000" } }));
    const records = [
      { value: "a", partition: 0 },
      { value: "b".repeat(2000), partition: 1 },
    ];
    const error = await refusalOf(() => world.run(log.publish("orders", records)));
    expect([error.code, error.effect]).toEqual(["RecordTooLarge", "unknown"]);
    expect(error.details).toMatchObject({
      published: 1,
      failed: 1,
      outcomes: [{ offset: 0 }, { code: "RecordTooLarge" }],
    });
  });

  test("a request that is too large is sent in smaller ones", async () => {
    await world.run(log.admin.createTopic({ name: "orders", partitions: 8 }));
    const { requests, log: client } = watched((request) =>
      request.partitions.length > 2 ? Promise.reject(new LogError("RequestTooLarge", "too large")) : undefined,
    );
    const records = Array.from({ length: 8 }, (_, partition) => ({ value: "x".repeat(500), partition }));
    expect(await world.run(client.publish("orders", records))).toHaveLength(8);
    expect(Math.max(...requests.slice(-3).map(({ partitions }) => partitions.length))).toBeLessThanOrEqual(2);
  });

  test("the server's wish for a pause is kept", async () => {
    const { log: client } = watched((_request, count) =>
      count === 1 ? Promise.reject(new LogError("Overloaded", "busy", { retryAfterMs: 5000 })) : undefined,
    );
    const startMs = world.scheduler.nowMs;
    await world.run(client.publish("orders", { value: "x" }));
    expect(world.scheduler.nowMs - startMs).toBeGreaterThanOrEqual(5000);
  });

  test("when nothing ever answers, a record that was sent is unknown and one that was not is refused", async () => {
    await world.run(log.admin.createTopic({ name: "orders" }));
    const { log: client } = watched(() => new Promise(() => {}));
    const producer = client.producer({ deliveryTimeoutMs: 1000, requestTimeoutMs: 300, maxInFlight: 1 });
    const sent = producer.publish("orders", { value: "sent" });
    await world.pass(0);
    const outcomes = await world.run(Promise.allSettled([sent, producer.publish("orders", { value: "waiting" })]));
    expect(outcomes).toMatchObject([
      { reason: { code: "OutcomeUnknown", effect: "unknown" } },
      { reason: { code: "RequestTimedOut", effect: "none" } },
    ]);
  });
});

describe("limits", () => {
  test("publish waits for room, and gets it in the order of the calls", async () => {
    const producer = log.producer({ bufferBytes: 1000, batchBytes: 300 });
    const values = Array.from({ length: 50 }, (_, index) => `${index} ${"x".repeat(100)}`);
    await world.run(Promise.all(values.map((value) => producer.publish("orders", { value }))));
    expect(await textsOf("orders")).toEqual(values);
  });

  test("publish gives up after maxBlockMs without room", async () => {
    await world.run(log.admin.createTopic({ name: "orders" }));
    const { log: client } = watched(() => new Promise(() => {}));
    const producer = client.producer({ bufferBytes: 300, maxBlockMs: 500 });
    const first = producer.publish("orders", { value: "x".repeat(200) });
    const error = await refusalOf(() => world.run(producer.publish("orders", { value: "y".repeat(200) })));
    expect([error.code, error.effect]).toEqual(["RequestTimedOut", "none"]);
    await world.run(Promise.allSettled([first, producer.close({ timeoutMs: 0 })]));
  });

  test("a record larger than the whole buffer is refused at once", async () => {
    const producer = log.producer({ bufferBytes: 300 });
    const error = await refusalOf(() => world.run(producer.publish("orders", { value: "x".repeat(400) })));
    expect(error.code).toBe("RecordTooLarge");
  });
});

describe("ending", () => {
  test("close sends what lingers", async () => {
    const producer = log.producer({ lingerMs: 60_000 });
    const publishing = producer.publish("orders", { value: "late" });
    await world.run(producer.close());
    expect((await publishing).offset).toBe(0);
    expect((await refusalOf(() => producer.publish("orders", { value: "x" }))).code).toBe("Closed");
  });

  test("close gives up after its time, and says what is unknown", async () => {
    await world.run(log.admin.createTopic({ name: "orders" }));
    const { log: client } = watched(() => new Promise(() => {}));
    const producer = client.producer({ maxInFlight: 1 });
    const sent = producer.publish("orders", { value: "sent" });
    await world.pass(10);
    const waiting = producer.publish("orders", { value: "waiting" });
    const outcomes = Promise.allSettled([sent, waiting]);
    await world.run(producer.close({ timeoutMs: 2000 }));
    expect(await world.run(outcomes)).toMatchObject([
      { reason: { code: "OutcomeUnknown" } },
      { reason: { code: "Closed" } },
    ]);
  });

  test("an abort before anything is sent has no effect; afterwards it leaves the outcome open", async () => {
    const none = await refusalOf(() => log.publish("orders", { value: "x" }, { signal: AbortSignal.abort() }));
    expect([none.code, none.effect]).toEqual(["Aborted", "none"]);
    await world.run(log.publish("orders", { value: "first" }));
    const controller = new AbortController();
    const publishing = log.publish("orders", { value: "second" }, { signal: controller.signal });
    controller.abort();
    const open = await refusalOf(() => world.run(publishing));
    expect([open.code, open.effect]).toEqual(["Aborted", "unknown"]);
    await world.run(log.flush());
    expect(await textsOf("orders")).toEqual(["first", "second"]);
  });

  test("await using closes the log, and nothing stays behind", async () => {
    const client = world.client();
    const publishing = client.producer({ lingerMs: 5000 }).publish("orders", { value: "x" });
    await world.pass(100);
    await world.run(client[Symbol.asyncDispose]());
    expect((await publishing).offset).toBe(0);
    const eventsRun = world.scheduler.eventsRun;
    await world.pass(600_000);
    expect(world.scheduler.eventsRun).toBe(eventsRun);
  });
});
