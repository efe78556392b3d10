import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { DynamoItemStore } from "../../lib/adapters/aws/dynamo-item-store.ts";
import { S3ObjectStore } from "../../lib/adapters/aws/s3-object-store.ts";
import { StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import { present } from "../../lib/base/assert.ts";
import { billedLogSettings } from "../../lib/log/log-settings.ts";
import { rollPartition } from "../../lib/log/roll/roll-partition.ts";
import { spill } from "../../lib/log/spill.ts";
import type { Broker } from "../../lib/service/broker.ts";
import { createBucket, createTable, dynamoClient, s3Client } from "../support/aws-stores.ts";
import { type FaultProxy, type ProxiedRequest, startFaultProxy } from "../support/fault-proxy.ts";
import { numbered, recordsIn } from "../support/log/records-of.ts";
import {
  appendOne,
  contextWithin,
  countingRuntime,
  fetchOnce,
  oneRecord,
  openTestBroker,
} from "../support/test-broker.ts";

/* The engine over S3 and DynamoDB with the settings for stores that bill each request. */
let proxy: FaultProxy;
let objects: S3ObjectStore;
let items: DynamoItemStore;
const runtime = countingRuntime();
const brokers: Broker[] = [];

beforeEach(async () => {
  proxy = await startFaultProxy(inject("awsEndpoints").dynamodb);
  const { clock, random } = runtime;
  objects = new S3ObjectStore({ client: s3Client(), bucket: await createBucket(), clock });
  items = new DynamoItemStore({ client: dynamoClient(proxy.url), table: await createTable(), clock, random });
});
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.close();
  await proxy.close();
});

async function openBroker(): Promise<Broker> {
  const settings = { log: billedLogSettings };
  const broker = await openTestBroker({ objects, items, counter: new StoreCounter(), runtime, settings });
  brokers.push(broker);
  return broker;
}

/** The first `end` records as "offset:label". */
async function readTo(broker: Broker, end: number): Promise<string[]> {
  const records: string[] = [];
  while (records.length < end) {
    const fetched = await fetchOnce(broker, runtime, { offset: records.length });
    records.push(...recordsIn(fetched.records).filter((record) => Number.parseInt(record, 10) >= records.length));
  }
  return records.map((record) => record.replace(/\.+$/, ""));
}

/** A commit: the one update that gives an offset to a new entry. */
const isCommit = ({ operation, body }: ProxiedRequest): boolean =>
  operation === "UpdateItem" && body.includes('"bases"') && body.includes('"next"') && !body.includes("REMOVE");

describe("a log on S3 and DynamoDB", () => {
  test("keeps records inline, in staged items and in objects through spill and roll, for any broker", async () => {
    const writer = await openBroker();
    await writer.service.createTopics(contextWithin(runtime), { topics: [{ name: "t", partitions: 1 }] });
    const sizes = [20, 2000, 100_000];
    const labels = Array.from({ length: 60 }, (_, at) => `record ${at}`);
    for (const [at, label] of labels.entries()) {
      const { baseOffset } = await appendOne(writer, runtime, oneRecord(label, sizes[at % 3] ?? 0));
      expect(baseOffset).toBe(at);
    }
    expect(runtime.counted.get("log.spill")).toBeGreaterThan(1);
    expect(await readTo(await openBroker(), 60)).toEqual(numbered(labels));
    const { context, catalog } = writer.engine;
    const { topicId } = present(await catalog.findNow("t", contextWithin(runtime)), "the topic");
    const ref = { topicId, partition: 0 };
    await spill(context, ref, contextWithin(runtime));
    const whole = { bytes: 1, olderThan: Number.MAX_SAFE_INTEGER };
    expect(await rollPartition(context, ref, whole, contextWithin(runtime))).toBeGreaterThan(0);
    expect((await objects.list("topics/", contextWithin(runtime))).objects.length).toBeGreaterThan(1);
    await appendOne(writer, runtime, oneRecord("after the roll", 20));
    expect(await readTo(await openBroker(), 61)).toEqual(numbered([...labels, "after the roll"]));
  });

  test("commits once when DynamoDB's answer is lost after the effect", async () => {
    const broker = await openBroker();
    await broker.service.createTopics(contextWithin(runtime), { topics: [{ name: "t", partitions: 1 }] });
    await appendOne(broker, runtime, oneRecord("first", 20));
    let lost = 0;
    proxy.fault = (request) => (isCommit(request) && lost++ === 0 ? { kind: "lostReply" } : undefined);
    expect(await appendOne(broker, runtime, oneRecord("second", 20))).toMatchObject({ baseOffset: 1 });
    expect(lost).toBe(1);
    await appendOne(broker, runtime, oneRecord("third", 20));
    expect(await readTo(broker, 3)).toEqual(numbered(["first", "second", "third"]));
  });

  test("kills a commit that never arrived, and appends it once", async () => {
    const broker = await openBroker();
    await broker.service.createTopics(contextWithin(runtime), { topics: [{ name: "t", partitions: 1 }] });
    await appendOne(broker, runtime, oneRecord("first", 20));
    const killed = runtime.counted.get("log.commit.kill") ?? 0;
    let lost = 0;
    proxy.fault = (request) => (isCommit(request) && lost++ === 0 ? { kind: "lostRequest" } : undefined);
    expect(await appendOne(broker, runtime, oneRecord("second", 20))).toMatchObject({ baseOffset: 1 });
    expect(lost).toBeGreaterThan(1);
    expect(runtime.counted.get("log.commit.kill")).toBe(killed + 1);
    expect(await readTo(broker, 2)).toEqual(numbered(["first", "second"]));
  });

  test("gives brokers that race for one partition an offset each", async () => {
    const racing = await Promise.all(Array.from({ length: 4 }, openBroker));
    await racing[0]?.service.createTopics(contextWithin(runtime), { topics: [{ name: "t", partitions: 1 }] });
    const offsets = await Promise.all(
      racing.map(async (broker, index) => {
        const own: number[] = [];
        for (let at = 0; at < 8; at++) {
          own.push((await appendOne(broker, runtime, oneRecord(`${index}-${at}`, 20))).baseOffset);
        }
        return own;
      }),
    );
    expect(offsets.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, at) => at));
    const values = await readTo(await openBroker(), 32);
    for (const [index, own] of offsets.entries()) {
      for (const [at, offset] of own.entries()) expect(values[offset]).toBe(`${offset}:${index}-${at}`);
    }
  });
});
