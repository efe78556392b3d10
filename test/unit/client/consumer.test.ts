import { beforeEach, describe, expect, test } from "vitest";
import { type ConsumerRecord, LogError, type Tidelog } from "../../../lib/client/index.ts";
import { ALL_COMPRESSIONS } from "../../support/record-arbitraries.ts";
import { refusalOf } from "../../support/refusal.ts";
import { VirtualLog } from "../../support/virtual-log.ts";
import {
  type ChangeReply,
  offsetsOf,
  publishTenTo,
  textsOf,
  watchedReads,
  withBytes,
} from "../../support/watched-reads.ts";

const place = { topic: "orders", partition: 0 };
let world: VirtualLog;
let log: Tidelog;

beforeEach(async () => {
  world = await VirtualLog.open();
  log = world.client();
});

const publishTen = (): Promise<void> => publishTenTo(world, log);
const watched = (change: ChangeReply) => watchedReads(world, change);

describe("where it begins", () => {
  beforeEach(publishTen);

  test("at the end, unless told otherwise", async () => {
    const consumer = log.consumer({ assign: "orders" });
    expect(await world.run(consumer.poll({ timeoutMs: 100 }))).toEqual([]);
    await world.run(log.publish("orders", { value: "new" }));
    expect(textsOf(await world.run(consumer.poll()))).toEqual(["new"]);
  });

  test.each([
    ["the beginning", "beginning", "0"],
    ["an offset within a batch", { offset: 6 }, "6"],
    ["a time", { timestamp: 3500 }, "3"],
    ["a date", { timestamp: new Date(9000) }, "8"],
  ] as const)("at %s", async (_name, from, first) => {
    const records = await world.run(log.consumer({ assign: "orders", from }).poll());
    expect(records[0]?.text()).toBe(first);
    expect(records.at(-1)?.text()).toBe("9");
  });

  test("at the end, when no record is as late as the time asked for", async () => {
    const consumer = log.consumer({ assign: { ...place, from: { timestamp: 99_999 } } });
    expect(await world.run(consumer.position(place))).toBe(10);
  });

  test("an assignment says for itself where to begin", async () => {
    const consumer = log.consumer({ assign: [{ ...place, from: { offset: 8 } }], from: "beginning" });
    expect(textsOf(await world.run(consumer.poll()))).toEqual(["8", "9"]);
  });

  test("partitions that stay assigned keep their positions", async () => {
    const consumer = log.consumer({ assign: place, from: "beginning" });
    await world.run(consumer.poll({ maxRecords: 3 }));
    consumer.assign([place]);
    expect(textsOf(await world.run(consumer.poll({ maxRecords: 1 })))).toEqual(["3"]);
    consumer.assign([{ ...place, from: "beginning" }]);
    expect(textsOf(await world.run(consumer.poll({ maxRecords: 1 })))).toEqual(["0"]);
  });
});

describe("poll", () => {
  test("gives at most as many records as asked for, and the rest the next time", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: "orders", from: "beginning" });
    const seen: ConsumerRecord[][] = [];
    while (seen.flat().length < 10) seen.push(await world.run(consumer.poll({ maxRecords: 3 })));
    expect(seen.map((records) => records.length)).toEqual([3, 3, 3, 1]);
    expect(offsetsOf(seen.flat())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("gives a record soon after it is published", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: "orders" });
    await world.run(consumer.position(place));
    const polling = consumer.poll({ timeoutMs: 30_000 });
    await world.pass(3000);
    const publishedAtMs = world.scheduler.nowMs;
    await world.run(log.publish("orders", { value: "new" }));
    expect(textsOf(await world.run(polling))).toEqual(["new"]);
    expect(world.scheduler.nowMs - publishedAtMs).toBeLessThan(600);
  });

  test("waits no longer than asked, and without questions by the thousand", async () => {
    await publishTen();
    const { requests, log: client } = watched((reply) => reply);
    const consumer = client.consumer({ assign: "orders", maxWaitMs: 0 });
    const startMs = world.scheduler.nowMs;
    expect(await world.run(consumer.poll({ timeoutMs: 2000 }))).toEqual([]);
    expect(world.scheduler.nowMs - startMs).toBeLessThan(2050);
    expect(requests.length).toBeLessThan(250);
  });

  test("fetches ahead while the application works, within its memory", async () => {
    const values = Array.from({ length: 300 }, (_, index) => ({ value: `${index}`.padEnd(1000) }));
    const producer = log.producer({ batchBytes: 5000 });
    await world.run(producer.publish("orders", values));
    const { requests, log: client } = watched((reply) => reply);
    const consumer = client.consumer({
      assign: "orders",
      from: "beginning",
      partitionBytes: 20_000,
      bufferBytes: 60_000,
    });
    await world.run(consumer.poll({ maxRecords: 1 }));
    await world.pass(1000);
    const before = requests.length;
    expect(before).toBeGreaterThan(1);
    await world.pass(60_000);
    expect(requests.length).toBe(before);
    const rest: ConsumerRecord[] = [];
    while (rest.length < 299) rest.push(...(await world.run(consumer.poll())));
    expect(offsetsOf(rest)).toEqual(values.slice(1).map((_, index) => index + 1));
  });

  test("a busy partition does not starve the others", async () => {
    await world.run(log.admin.createTopic({ name: "orders", partitions: 2 }));
    const many = Array.from({ length: 5000 }, () => ({ value: "busy", partition: 0 }));
    await world.run(log.publish("orders", [...many, { value: "quiet", partition: 1 }]));
    const consumer = log.consumer({ assign: "orders", from: "beginning" });
    const seen = [...(await world.run(consumer.poll())), ...(await world.run(consumer.poll()))];
    expect(textsOf(seen)).toContain("quiet");
  });

  test.each(ALL_COMPRESSIONS)("reads %s", async (compression) => {
    const values = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    await world.run(
      log.producer({ compression }).publish(
        "orders",
        values.map((value) => ({ value })),
      ),
    );
    const consumer = log.consumer({ assign: "orders", from: { offset: 5 } });
    expect(textsOf(await world.run(consumer.poll()))).toEqual(values.slice(5));
  });

  test("one at a time", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: "orders" });
    const polling = consumer.poll({ timeoutMs: 100 });
    expect((await refusalOf(() => consumer.poll())).code).toBe("InvalidArgument");
    await world.run(polling);
  });

  test("rides out a server that cannot be reached", async () => {
    await publishTen();
    const { log: client } = watched((reply, _request, count) => {
      if (count <= 3) throw new LogError("NetworkException", "cut off");
      return reply;
    });
    const consumer = client.consumer({ assign: "orders", from: "beginning" });
    expect(textsOf(await world.run(consumer.poll({ timeoutMs: 30_000 })))).toHaveLength(10);
  });

  test("a topic's new partitions are read from their start", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: "orders", metadataAgeMsMax: 5000 });
    expect(await world.run(consumer.poll())).toEqual([]);
    await world.run(world.client().admin.createPartitions("orders", 2));
    await world.run(world.client().publish("orders", { value: "grown", partition: 1 }));
    await world.pass(6000);
    expect(textsOf(await world.run(consumer.poll({ timeoutMs: 3000 })))).toEqual(["grown"]);
  });
});

describe("moving about", () => {
  beforeEach(publishTen);

  test("seek drops what was fetched ahead", async () => {
    const consumer = log.consumer({ assign: place, from: "beginning" });
    await world.run(consumer.poll({ maxRecords: 2 }));
    consumer.seek(place, 7);
    expect(await world.run(consumer.position(place))).toBe(7);
    expect(textsOf(await world.run(consumer.poll({ maxRecords: 2 })))).toEqual(["7", "8"]);
    consumer.seekToBeginning(place);
    expect(textsOf(await world.run(consumer.poll({ maxRecords: 1 })))).toEqual(["0"]);
    consumer.seekToTimestamp(5000);
    expect(textsOf(await world.run(consumer.poll({ maxRecords: 1 })))).toEqual(["4"]);
    consumer.seekToEnd();
    expect(await world.run(consumer.position(place))).toBe(10);
  });

  test("an answer to what was asked before a seek is dropped", async () => {
    const { requests, log: client } = watched(async (reply) => {
      await world.scheduler.sleep(100);
      return reply;
    });
    const consumer = client.consumer({ assign: place, from: { offset: 8 } });
    const polling = consumer.poll({ timeoutMs: 5000 });
    await world.pass(50);
    expect(requests).toHaveLength(1);
    consumer.seek(place, 2);
    expect(textsOf(await world.run(polling))[0]).toBe("2");
  });

  test("a paused partition gives nothing until it is resumed, and loses nothing", async () => {
    const consumer = log.consumer({ assign: place, from: "beginning" });
    await world.run(consumer.poll({ maxRecords: 2 }));
    consumer.pause(place);
    expect(consumer.paused()).toEqual([place]);
    expect(await world.run(consumer.poll({ timeoutMs: 500 }))).toEqual([]);
    consumer.resume(place);
    expect(textsOf(await world.run(consumer.poll({ maxRecords: 1 })))).toEqual(["2"]);
  });

  test("offsets are told for the beginning, the end and times", async () => {
    const consumer = log.consumer({ assign: "orders" });
    expect(await world.run(consumer.beginningOffsets())).toMatchObject([{ ...place, offset: 0 }]);
    expect(await world.run(consumer.endOffsets(place))).toMatchObject([{ ...place, offset: 10 }]);
    expect(await world.run(consumer.offsetsForTimes(2500, place))).toMatchObject([{ offset: 2, timestamp: 3000 }]);
    expect(await world.run(consumer.offsetsForTimes(99_999, place))).toMatchObject([{ offset: -1 }]);
  });

  test("positions are told as far as they are known", async () => {
    const consumer = log.consumer({ assign: "orders", from: "beginning" });
    expect(consumer.positions()).toEqual([]);
    await world.run(consumer.poll({ maxRecords: 3 }));
    expect(consumer.positions()).toEqual([{ ...place, offset: 3 }]);
    consumer.seekToEnd();
    expect(consumer.positions()).toEqual([]);
  });

  test("wakeup ends the poll that waits, or the next one, and loses nothing", async () => {
    const consumer = log.consumer({ assign: "orders" });
    const polling = consumer.poll({ timeoutMs: 60_000 });
    await world.pass(1000);
    consumer.wakeup();
    expect(await world.run(polling)).toEqual([]);
    consumer.wakeup();
    const startMs = world.scheduler.nowMs;
    expect(await world.run(consumer.poll({ timeoutMs: 60_000 }))).toEqual([]);
    expect(world.scheduler.nowMs - startMs).toBeLessThan(100);
    await world.run(log.publish("orders", { value: "new" }));
    expect(textsOf(await world.run(consumer.poll()))).toEqual(["new"]);
  });

  test("seeking what is not assigned is an error", async () => {
    const consumer = log.consumer({ assign: place });
    expect((await refusalOf(() => consumer.seek({ topic: "others", partition: 0 }, 1))).code).toBe("InvalidArgument");
    expect((await refusalOf(() => consumer.seek(place, -1))).code).toBe("InvalidArgument");
    expect((await refusalOf(() => log.consumer().poll())).code).toBe("InvalidArgument");
  });
});

describe("for await", () => {
  beforeEach(publishTen);

  test("goes on at the record after the last that the loop before was given", async () => {
    const consumer = log.consumer({ assign: "orders", from: "beginning" });
    const read = async (until: string): Promise<(string | null)[]> => {
      const seen: (string | null)[] = [];
      for await (const record of consumer) {
        seen.push(record.text());
        if (record.text() === until) break;
      }
      return seen;
    };
    expect(await world.run(read("2"))).toEqual(["0", "1", "2"]);
    expect(await world.run(consumer.position(place))).toBe(3);
    expect(await world.run(read("5"))).toEqual(["3", "4", "5"]);
  });

  test("goes on where its body seeks to, and gives nothing of what its body pauses", async () => {
    const consumer = log.consumer({ assign: "orders", from: "beginning" });
    const seen: (string | null)[] = [];
    const read = async (): Promise<void> => {
      for await (const record of consumer) {
        seen.push(record.text());
        if (seen.length === 2) consumer.seek(place, 7);
        if (seen.length === 3) consumer.pause(place);
        if (seen.length === 4) {
          consumer.seek(place, 1);
          break;
        }
      }
    };
    const reading = read();
    await world.pass(5000);
    expect(seen).toEqual(["0", "1", "7"]);
    consumer.resume(place);
    await world.run(reading);
    expect(seen).toEqual(["0", "1", "7", "8"]);
    expect(await world.run(consumer.position(place))).toBe(1);
  });

  test("ends when the consumer is closed, and fails when its signal aborts", async () => {
    const consumer = log.consumer({ assign: "orders" });
    const controller = new AbortController();
    const read = async (signal?: AbortSignal): Promise<string> => {
      for await (const record of consumer.stream({ signal })) return `unexpected ${record.text()}`;
      return "ended";
    };
    const aborted = refusalOf(() => read(controller.signal));
    await world.pass(100);
    controller.abort();
    expect((await world.run(aborted)).code).toBe("Aborted");
    const closed = read();
    await world.pass(100);
    await consumer.close();
    expect(await world.run(closed)).toBe("ended");
  });
});

describe("what is wrong is told, and nothing is skipped", () => {
  test("a topic that is missing names the command that creates it, and is not created", async () => {
    const error = await refusalOf(() => world.run(log.consumer({ assign: "orders" }).poll()));
    expect(error.code).toBe("UnknownTopicOrPartition");
    expect(error.message).toContain("tidelog topics create orders");
    expect(await world.run(log.admin.listTopics())).toEqual([]);
  });

  test("a partition that is missing", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: { topic: "orders", partition: 5 }, from: "beginning" });
    expect((await refusalOf(() => world.run(consumer.poll()))).code).toBe("UnknownTopicOrPartition");
  });

  test("a position that is not in the log, each time until the consumer seeks", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: place, from: { offset: 50 } });
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await refusalOf(() => world.run(consumer.poll({ timeoutMs: 5000 })));
      expect(error.code).toBe("OffsetOutOfRange");
      expect(error.details).toMatchObject({ ...place, offset: 50 });
    }
    consumer.seek(place, 9);
    expect(textsOf(await world.run(consumer.poll()))).toEqual(["9"]);
  });

  test("unless it is told where to go on", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: place, from: { offset: 50 }, onOutOfRange: "beginning" });
    expect(offsetsOf(await world.run(consumer.poll({ maxRecords: 1 })))).toEqual([0]);
  });

  test("a damaged batch, after the records before it; and it is fetched again", async () => {
    await publishTen();
    let damaged = true;
    const { log: client } = watched((reply) =>
      withBytes(reply, (bytes) => {
        if (damaged) bytes[bytes.byteLength - 1] = 0xee;
        return bytes;
      }),
    );
    const consumer = client.consumer({ assign: place, from: "beginning" });
    expect(offsetsOf(await world.run(consumer.poll()))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const error = await refusalOf(() => world.run(consumer.poll({ timeoutMs: 5000 })));
    expect(error.code).toBe("CorruptMessage");
    expect(error.details).toMatchObject({ ...place, offset: 8 });
    damaged = false;
    expect(offsetsOf(await world.run(consumer.poll({ timeoutMs: 5000 })))).toEqual([8, 9]);
  });

  test("an answer that ends within a batch", async () => {
    await publishTen();
    const { log: client } = watched((reply) => withBytes(reply, (bytes) => bytes.subarray(0, bytes.byteLength - 5)));
    const consumer = client.consumer({ assign: place, from: { offset: 8 } });
    expect((await refusalOf(() => world.run(consumer.poll({ timeoutMs: 5000 })))).code).toBe("CorruptMessage");
  });

  test("poll after close", async () => {
    await publishTen();
    const consumer = log.consumer({ assign: place });
    const polling = consumer.poll({ timeoutMs: 60_000 });
    await world.pass(0);
    await consumer.close();
    expect((await refusalOf(() => world.run(polling))).code).toBe("Closed");
    expect((await refusalOf(() => consumer.poll())).code).toBe("Closed");
  });
});
