import { beforeEach, describe, expect, test } from "vitest";
import type { GroupConsumer } from "../../../../lib/client/index.ts";
import { ConsumerWorld } from "../../../support/groups/consumer-world.ts";
import { refusalOf } from "../../../support/refusal.ts";
import { textsOf } from "../../../support/watched-reads.ts";

/** Of each batch but the first. */
const DECOMPRESS_MS = 3000;
const place = { topic: "orders", partition: 0 };
let world: ConsumerWorld;

beforeEach(async () => {
  world = await ConsumerWorld.open({ partitions: 1 });
});

/** Each list as a batch of its own, compressed. */
async function publishBatches(...batches: readonly (readonly string[])[]): Promise<void> {
  const producer = world.log.producer({ compression: "gzip" });
  for (const values of batches)
    await world.run(
      producer.publish(
        "orders",
        values.map((value) => ({ value })),
      ),
    );
  await world.run(producer.close());
}

/** A consumer for which to decompress takes time, from the second batch on. */
function slowConsumer(autoCommitIntervalMs = 500): GroupConsumer {
  const { runtime } = world.virtual;
  let batches = 0;
  const decompress: typeof runtime.codecs.decompress = async (...args) => {
    if (batches++ > 0) await runtime.clock.sleep(DECOMPRESS_MS);
    return runtime.codecs.decompress(...args);
  };
  const codecs = { ...runtime.codecs, decompress };
  const consumer = world.virtual
    .client({ runtime: { ...runtime, codecs } })
    .consumer({ group: "billing", autoCommitIntervalMs });
  consumer.subscribe("orders", { fromBeginning: true });
  return consumer;
}

describe("records that are still being taken out of their batches", () => {
  test("are committed by nobody: the application does not have them yet", async () => {
    await publishBatches(["a", "b"], ["c"]);
    const consumer = slowConsumer();
    const polled = consumer.poll({ timeoutMs: 10_000 });
    await world.pass(DECOMPRESS_MS - 500);
    expect(await world.committed()).toEqual({ 0: 0 });
    await world.run(consumer.commit());
    expect(await world.committed()).toEqual({ 0: 0 });
    expect(textsOf(await world.run(polled))).toEqual(["a", "b", "c"]);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 3 });
  });

  test("are not handed out, nor committed, once the consumer is asked to close", async () => {
    await publishBatches(["a", "b"], ["c"]);
    const consumer = slowConsumer();
    const polled = refusalOf(() => consumer.poll({ timeoutMs: 10_000 }));
    await world.pass(DECOMPRESS_MS - 500);
    await world.run(consumer.close());
    expect(await polled).toMatchObject({ code: "Closed" });
    expect(await world.committed()).toEqual({ 0: 0 });
  });
});

describe("within a loop", () => {
  test("a seek holds for the next record, and over the end of the loop", async () => {
    await world.publish(10);
    const consumer = world.consumer();
    const seen: string[] = [];
    const loop = async (): Promise<void> => {
      for await (const record of consumer) {
        seen.push(record.text() ?? "");
        if (seen.length === 3) consumer.seek(place, 7);
        if (seen.length === 5) {
          consumer.seek(place, 1);
          break;
        }
      }
    };
    await world.run(loop());
    expect(seen).toEqual(["0", "1", "2", "7", "8"]);
    const rest = await world.run(consumer.poll({ maxRecords: 2, timeoutMs: 3000 }));
    expect(textsOf(rest)).toEqual(["1", "2"]);
    await world.run(consumer.close());
    expect(await world.committed()).toEqual({ 0: 3 });
  });

  test("nothing comes of what is paused, until it is resumed", async () => {
    await world.publish(6);
    const consumer = world.consumer();
    const seen: string[] = [];
    const loop = async (): Promise<void> => {
      for await (const record of consumer) {
        seen.push(record.text() ?? "");
        if (seen.length === 2) consumer.pause(place);
      }
    };
    const looping = loop();
    await world.pass(5000);
    expect(seen).toEqual(["0", "1"]);
    consumer.resume(place);
    await world.pass(5000);
    expect(seen).toEqual(["0", "1", "2", "3", "4", "5"]);
    await world.run(Promise.all([consumer.close(), looping]));
    expect(await world.committed()).toEqual({ 0: 6 });
  });

  test("nothing comes any more once the consumer is closed", async () => {
    await world.publish(6);
    const consumer = world.consumer();
    const seen: string[] = [];
    let closing: Promise<void> | undefined;
    for await (const record of asRun(consumer)) {
      seen.push(record.text() ?? "");
      closing = consumer.close();
    }
    await world.run(closing as Promise<void>);
    expect(seen).toEqual(["0"]);
  });
});

/** Its records, while time passes. */
async function* asRun(consumer: GroupConsumer) {
  const records = consumer.stream();
  for (let next = await world.run(records.next()); !next.done; next = await world.run(records.next())) yield next.value;
}
