import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonCodec, type Tidelog } from "../../../lib/client/index.ts";
import { refusalOf } from "../../support/refusal.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

const order = z.object({ id: z.string(), cents: z.int() });
let world: VirtualLog;
let log: Tidelog;

beforeEach(async () => {
  world = await VirtualLog.open();
  log = world.client();
});

async function firstOf(client: Tidelog = log, topics?: object) {
  const consumer = client.consumer({ assign: "orders", from: "beginning", ...(topics && { topics: topics as never }) });
  const [record] = await world.run(consumer.poll());
  if (record === undefined) throw new Error("nothing was read");
  return record;
}

test("a schema checks values on their way in and out", async () => {
  await world.run(log.publish("orders", { value: { id: "a", cents: 5 } }, { value: order }));
  const record = await firstOf();
  expect(record.json()).toEqual({ id: "a", cents: 5 });
  expect(await record.decode(order)).toEqual({ id: "a", cents: 5 });
  expect((await refusalOf(() => record.decode(z.object({ id: z.number() })))).code).toBe("InvalidRecord");
});

test("a value that does not match its schema is refused, with the place of the first issue", async () => {
  const wrong = { id: "a", cents: "five" } as never;
  const error = await refusalOf(() => world.run(log.publish("orders", { value: wrong }, { value: order })));
  expect([error.code, error.effect]).toEqual(["InvalidRecord", "none"]);
  expect(error.message).toContain("at cents");
});

test("a topic's codecs are used where a call names none; they never see a tombstone", async () => {
  const topics = { orders: { value: jsonCodec(order), key: (key: unknown) => `customer ${key}` } };
  const producer = log.producer({ topics: topics as never });
  await world.run(
    producer.publish("orders", [
      { key: 7, value: { id: "a", cents: 5 } },
      { key: 8, value: null },
    ]),
  );
  const record = await firstOf(log, { orders: { value: order } });
  expect(record.keyText()).toBe("customer 7");
  expect(await record.decode()).toEqual({ id: "a", cents: 5 });
});

test("an asynchronous codec keeps the order of the calls", async () => {
  const slow = { encode: (value: number) => world.runtime.clock.sleep(value).then(() => `${value}`) };
  const calls = [log.publish("orders", { value: 50 }, { value: slow }), log.publish("orders", { value: "plain" })];
  await world.run(Promise.all(calls));
  expect((await firstOf()).text()).toBe("50");
});

test("a codec that fails, fails its call alone", async () => {
  const broken = () => Promise.reject(new Error("no ink"));
  const failing = refusalOf(() => log.publish("orders", { value: 1 }, { value: broken }));
  const after = log.publish("orders", { value: "after" });
  expect((await world.run(failing)).message).toContain("no ink");
  expect((await world.run(after)).offset).toBe(0);
});

describe("json", () => {
  test.each([
    ["text that is no JSON", "{"],
    ["bytes that are no text", new Uint8Array([0xff])],
  ])("%s is an InvalidRecord that says where", async (_name, value) => {
    await world.run(log.publish("orders", { value }));
    const record = await firstOf();
    const error = await refusalOf(() => record.json());
    expect(error.code).toBe("InvalidRecord");
    expect(error.details).toMatchObject({ topic: "orders", partition: 0, offset: 0 });
  });

  test("a tombstone is null", async () => {
    await world.run(log.publish("orders", { key: "a", value: null }));
    const record = await firstOf();
    expect([record.json(), record.text(), await record.decode(order)]).toEqual([null, null, null]);
  });
});
