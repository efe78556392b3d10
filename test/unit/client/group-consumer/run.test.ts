import { beforeEach, describe, expect, test } from "vitest";
import type { ConsumerRecord, GroupConsumer } from "../../../../lib/client/index.ts";
import { ConsumerWorld, numbersUpTo, sorted } from "../../../support/groups/consumer-world.ts";
import { refusalOf } from "../../../support/refusal.ts";

let world: ConsumerWorld;

beforeEach(async () => {
  world = await ConsumerWorld.open({ partitions: 3 });
});

const sleep = (ms: number): Promise<void> => world.virtual.scheduler.sleep(ms);

/** Handlers that take their time, and what is seen of them. */
class Work {
  readonly seen: string[] = [];
  readonly finished = new Map<number, number>();
  atOnce = 0;
  most = 0;
  readonly #begun = new Map<number, number>();

  async on(record: ConsumerRecord, ms: number): Promise<void> {
    const { partition, offset } = record;
    expect(offset).toBeGreaterThan(this.#begun.get(partition) ?? -1);
    expect(this.finished.get(partition) ?? 0).toBe(offset);
    this.#begun.set(partition, offset);
    this.most = Math.max(this.most, ++this.atOnce);
    await sleep(ms);
    this.atOnce -= 1;
    this.finished.set(partition, offset + 1);
    this.seen.push(record.text() ?? "");
  }
}

async function closed(consumer: GroupConsumer, running: Promise<void>): Promise<void> {
  await world.run(consumer.close());
  await world.run(running);
}

describe("run", () => {
  test.each([true, false])(
    "does not take back what a handler has committed itself (autoCommit %s)",
    async (autoCommit) => {
      await world.publish(1);
      const consumer = world.consumer({ autoCommit, autoCommitIntervalMs: 500 });
      const committed: unknown[] = [];
      const running = consumer.run({
        eachRecord: async ({ topic, partition, offset }) => {
          await consumer.commit({ topic, partition, offset: offset + 1 });
          if (!autoCommit) await consumer.commit();
          await sleep(3000);
          committed.push((await consumer.committed({ topic, partition }))[0]?.offset);
        },
      });
      await world.pass(5000);
      expect(committed).toEqual([1]);
      await closed(consumer, running);
    },
  );

  test.each([1, 2, 8])("with concurrency %i keeps each partition's order and no more at work", async (concurrency) => {
    await world.publish(60);
    const work = new Work();
    const consumer = world.consumer({ autoCommitIntervalMs: 500 });
    const running = consumer.run({
      concurrency,
      maxRecords: 7,
      eachRecord: (record) => work.on(record, 1 + (record.offset % 3) * 40),
    });
    for (let waited = 0; waited < 40; waited++) {
      await world.pass(130);
      const finished = new Map(work.finished);
      for (const [partition, offset] of Object.entries(await world.committed())) {
        expect(offset).toBeLessThanOrEqual(work.finished.get(Number(partition)) ?? 0);
      }
      expect(finished.size).toBeLessThanOrEqual(3);
    }
    await world.pass(5000);
    expect(work.most).toBe(Math.min(concurrency, 3));
    expect(sorted(work.seen)).toEqual(numbersUpTo(60));
    await closed(consumer, running);
    expect(await world.lag()).toBe(0);
  });

  test("does not wait with other partitions for a slow one", async () => {
    await world.publish(30);
    const seen: string[] = [];
    const consumer = world.consumer();
    const running = consumer.run({
      concurrency: 2,
      eachRecord: async (record) => {
        if (record.text() === "0") await sleep(60_000);
        seen.push(record.text() ?? "");
      },
    });
    await world.pass(5000);
    expect(seen).toHaveLength(20);
    await world.publish(3);
    await world.pass(5000);
    expect(seen).toHaveLength(22);
    await world.pass(60_000);
    expect(sorted(seen)).toEqual(numbersUpTo(33));
    await closed(consumer, running);
  });

  test("ends with the error of a handler; its record and those after it come again", async () => {
    await world.publish(30);
    const seen: string[] = [];
    const failure = new Error("the application's own");
    let fails = true;
    const consumer = world.consumer();
    const eachRecord = async (record: ConsumerRecord): Promise<void> => {
      await sleep(5);
      if (fails && record.text() === "9") throw failure;
      seen.push(record.text() ?? "");
    };
    await expect(world.run(consumer.run({ concurrency: 3, eachRecord }))).rejects.toBe(failure);
    expect(seen).not.toContain("9");
    await world.pass(6000);
    expect((await world.committed())[0]).toBe(3);
    fails = false;
    const running = consumer.run({ concurrency: 3, eachRecord });
    await world.pass(3000);
    expect(sorted(seen)).toEqual(numbersUpTo(30));
    await closed(consumer, running);
  });

  test("gives batches of one partition, which are consumed as a whole", async () => {
    await world.publish(30);
    const batches: number[][] = [];
    const consumer = world.consumer({ autoCommitIntervalMs: 100 });
    const running = consumer.run({
      eachBatch: async (records) => {
        expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
        await sleep(1000);
        batches.push(records.map(({ offset }) => offset));
      },
    });
    await world.pass(900);
    expect(Object.values(await world.committed())).toEqual([0, 0, 0]);
    await world.pass(5000);
    expect(batches.flat()).toHaveLength(30);
    expect(Object.values(await world.committed())).toEqual([10, 10, 10]);
    await closed(consumer, running);
  });

  test("lets go of a partition after the record at work, and drops the rest of it", async () => {
    await world.publish(90);
    const seen: string[] = [];
    const run = (consumer: GroupConsumer): Promise<void> =>
      consumer.run({
        concurrency: 3,
        eachRecord: async (record) => {
          await sleep(1000);
          seen.push(record.text() ?? "");
        },
      });
    const consumers = [world.consumer(), world.consumer(), world.consumer()];
    const runs: Promise<void>[] = [];
    for (const consumer of consumers) {
      runs.push(run(consumer));
      await world.pass(7000);
    }
    await world.pass(5000);
    expect(consumers.map((consumer) => consumer.assignment().length)).toEqual([1, 1, 1]);
    await world.pass(40_000);
    for (const consumer of consumers) await world.run(consumer.close());
    await world.run(Promise.all(runs));
    expect(sorted(seen)).toEqual(numbersUpTo(90));
  });

  test("ends in peace when its signal aborts, or the consumer closes, after what is at work", async () => {
    await world.publish(30);
    const seen: string[] = [];
    const controller = new AbortController();
    const consumer = world.consumer();
    const eachRecord = async (record: ConsumerRecord): Promise<void> => {
      await sleep(1000);
      seen.push(record.text() ?? "");
    };
    const running = consumer.run({ eachRecord, signal: controller.signal });
    await world.pass(2500);
    controller.abort();
    await world.run(running);
    const again = consumer.run({ eachRecord });
    await world.pass(2500);
    await closed(consumer, again);
    const total = Object.values(await world.committed()).reduce((sum, offset) => sum + offset, 0);
    expect(total).toBe(seen.length);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("goes on where its handler seeks to", async () => {
    await world.publish(30);
    const seen: string[] = [];
    const consumer = world.consumer();
    const running = consumer.run({
      eachRecord: (record) => {
        seen.push(record.text() ?? "");
        if (record.text() === "6") consumer.seek(record, 8);
      },
    });
    await world.pass(3000);
    expect(sorted(seen)).toEqual(numbersUpTo(30).filter((text) => !["9", "12", "15", "18", "21"].includes(text)));
    await closed(consumer, running);
    expect(await world.lag()).toBe(0);
  });

  test.each(["by the handler that is at work on it", "while it waits for others"])(
    "begins nothing more of a partition that is paused %s, until it is resumed",
    async (by) => {
      await world.publish(30);
      const seen: string[] = [];
      const partition = by.startsWith("by") ? 0 : 2;
      const consumer = world.consumer();
      const running = consumer.run({
        eachRecord: async (record) => {
          seen.push(`${record.partition}:${record.offset}`);
          if (seen.length === 1) consumer.pause({ topic: "orders", partition });
          await sleep(10);
        },
      });
      await world.pass(5000);
      const paused = seen.filter((each) => each.startsWith(`${partition}:`));
      expect(paused).toEqual(partition === 0 ? ["0:0"] : []);
      expect(seen).toHaveLength(20 + paused.length);
      consumer.resume();
      await world.pass(5000);
      expect([...seen].sort()).toEqual([0, 1, 2].flatMap((one) => numbersUpTo(10).map((offset) => `${one}:${offset}`)));
      await closed(consumer, running);
      expect(await world.committed()).toEqual({ 0: 10, 1: 10, 2: 10 });
    },
  );

  test("takes one kind of handler, and is alone", async () => {
    const consumer = world.consumer();
    const nothing = (): void => {};
    expect((await refusalOf(() => consumer.run({ eachRecord: nothing, eachBatch: nothing }))).code).toBe(
      "InvalidArgument",
    );
    expect((await refusalOf(() => consumer.run({ eachRecord: nothing, concurrency: 0 }))).code).toBe("InvalidArgument");
    const running = consumer.run({ eachRecord: nothing });
    expect((await refusalOf(() => consumer.poll())).code).toBe("InvalidArgument");
    await closed(consumer, running);
    expect((await refusalOf(() => consumer.poll())).code).toBe("Closed");
  });
});
