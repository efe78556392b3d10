import { beforeEach, describe, expect, test } from "vitest";
import { readGroup } from "../../../lib/cli/read-group.ts";
import { LogError } from "../../../lib/client/index.ts";
import { ConsumerWorld, numbersUpTo } from "../../support/groups/consumer-world.ts";

let world: ConsumerWorld;
let awayUntilMs: number;
let repeated: number;

beforeEach(async () => {
  world = await ConsumerWorld.open({ partitions: 1 });
  await world.publish(6);
  awayUntilMs = 0;
  repeated = 0;
});

/** Values as a member writes them; its server goes away for so long when the first have come. */
async function read(awayMs: number): Promise<string[]> {
  const orAway = <T>(answer: () => Promise<T>): Promise<T> =>
    world.nowMs < awayUntilMs ? Promise.reject(new LogError("NetworkException", "no connection")) : answer();
  const service = world.service((broker) => ({
    fetch: (...args) => orAway(() => broker.fetch(...args)),
    commitOffsets: (...args) => orAway(() => broker.commitOffsets(...args)),
    fetchOffsets: (...args) => orAway(() => broker.fetchOffsets(...args)),
    groupHeartbeat: (...args) => orAway(() => broker.groupHeartbeat(...args)),
  }));
  const log = world.virtual.client({ service });
  const consumer = world.consumer({ service, autoCommit: false });
  const values: string[] = [];
  const reading = readGroup({
    consumer,
    recordsMax: undefined,
    signal: new AbortController().signal,
    isAtEnd: async () => (await log.admin.groups.offsets("billing")).some(({ lag }) => lag === 0),
    isWritten: () => true,
    onRepeated: (records) => {
      repeated += records;
    },
    onRecreated: () => undefined,
  });
  for await (const records of reading) {
    if (values.length === 0) awayUntilMs = world.nowMs + awayMs;
    values.push(...records.map((record) => record.text() ?? ""));
  }
  await consumer.close();
  return values;
}

describe("reading as a member of a group", () => {
  test("outlives a server that is away, and writes nothing twice while it still is a member", async () => {
    const values = await world.run(read(38_000));
    expect(values).toEqual(numbersUpTo(6));
    expect(repeated).toBe(0);
    expect(await world.committed()).toEqual({ 0: 6 });
  });

  test("says what comes again when it was away for longer than a session", async () => {
    const values = await world.run(read(200_000));
    expect(new Set(values)).toEqual(new Set(numbersUpTo(6)));
    expect(await world.committed()).toEqual({ 0: 6 });
  });

  test("looks again whether the group is at the end when that could not be told", async () => {
    let asked = 0;
    const consumer = world.consumer({ autoCommit: false });
    const reading = readGroup({
      consumer,
      recordsMax: undefined,
      signal: new AbortController().signal,
      isAtEnd: async () => {
        if (asked++ < 2) throw new LogError("NetworkException", "no connection");
        return true;
      },
      isWritten: () => true,
      onRepeated: () => undefined,
      onRecreated: () => undefined,
    });
    const all = async (): Promise<number> => {
      let records = 0;
      for await (const some of reading) records += some.length;
      return records;
    };
    expect(await world.run(all())).toBe(6);
    expect(asked).toBe(3);
    await world.run(consumer.close());
  });

  test("goes on with the topic that was made anew while a record of the old one was being written", async () => {
    const consumer = world.consumer({ autoCommit: false });
    const values: string[] = [];
    let recreated = 0;
    const reading = readGroup({
      consumer,
      recordsMax: undefined,
      signal: new AbortController().signal,
      isAtEnd: async () => (await world.log.admin.groups.offsets("billing")).some(({ offset }) => offset === 1),
      isWritten: () => true,
      onRepeated: () => undefined,
      onRecreated: (records) => {
        recreated += records;
      },
    });
    const all = async (): Promise<void> => {
      for await (const records of reading) {
        if (values.length === 0) {
          await world.log.admin.deleteTopic("orders");
          await world.log.admin.createTopic({ name: "orders", partitions: 1 });
          await world.log.publish("orders", { value: "anew" });
        }
        values.push(...records.map((record) => record.text() ?? ""));
      }
    };
    await world.run(all());
    expect(values.slice(0, 6)).toEqual(numbersUpTo(6));
    expect(new Set(values.slice(6))).toEqual(new Set(["anew"]));
    expect(recreated).toBeGreaterThanOrEqual(6);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 1 });
  });
});
