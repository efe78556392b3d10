import { beforeAll, describe, expect, inject, test } from "vitest";
import { costOf, openLog, StoreCounter } from "../../lib/aws/door.ts";
import type { Tidelog } from "../../lib/client/index.ts";
import { createBucket, createTable, testAccess } from "../support/aws-stores.ts";
import { refusalOf } from "../support/refusal.ts";

let bucket: string;
let table: string;
beforeAll(async () => {
  [bucket, table] = await Promise.all([createBucket(), createTable()]);
});

const open = (options: Partial<Parameters<typeof openLog>[0]> = {}) =>
  openLog({ ...testAccess, bucket, table, endpoints: inject("awsEndpoints"), ...options });

async function readAll(log: Tidelog, topic: string, partitions: number, count: number): Promise<string[]> {
  const consumer = log.consumer();
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, from: "beginning" as const }));
  consumer.assign(all);
  const values: string[] = [];
  while (values.length < count) {
    const records = await consumer.poll({ maxRecords: count, timeoutMs: 10_000 });
    if (records.length === 0) break;
    values.push(...records.map((record) => record.text() ?? ""));
  }
  await consumer.close();
  return values;
}

describe("a log in a bucket and a table", () => {
  test("is shared by brokers: what one publishes, the other reads in its order, whatever its size", async () => {
    await using writer = await open();
    await using reader = await open();
    await writer.admin.createTopics([{ name: "mixed", partitions: 1 }]);
    const sizes = [10, 1000, 100_000, 20, 3000];
    const sent = Array.from({ length: 60 }, (_, index) => `${index}:`.padEnd(sizes[index % sizes.length] ?? 10, "x"));
    for (const value of sent) await writer.publish("mixed", { value });
    expect(await readAll(reader, "mixed", 1, sent.length)).toEqual(sent);
  });

  test("takes concurrent producers of several brokers: every record once", async () => {
    const logs = await Promise.all([open(), open(), open()]);
    await logs[0]?.admin.createTopics([{ name: "many", partitions: 3 }]);
    const sent = logs.flatMap((_, each) => Array.from({ length: 40 }, (_, index) => `${each}-${index}`));
    await Promise.all(
      logs.map(async (log, each) => {
        for (let index = 0; index < 40; index++) await log.publish("many", { value: `${each}-${index}` });
      }),
    );
    const [log] = logs;
    if (log === undefined) throw new Error("no log was opened");
    const read = await readAll(log, "many", 3, sent.length);
    expect(read).toHaveLength(sent.length);
    expect(new Set(read)).toEqual(new Set(sent));
    await Promise.all(logs.map((each) => each.close()));
  });

  test("tells what its requests cost at list prices", async () => {
    const counter = new StoreCounter();
    await using log = await open({ counter });
    counter.reset();
    await log.publish("priced", { value: "x" });
    expect(counter.snapshot().itemUpdates).toBeGreaterThan(0);
    expect(costOf(counter.snapshot()).total).toBeGreaterThan(0);
  });
});

describe("a bad set-up is told clearly", () => {
  test("no such table", async () => {
    const refusal = await refusalOf(() => open({ table: "no-such-table" }));
    expect(refusal).toMatchObject({ code: "StoreMissing", message: expect.stringContaining("table no-such-table") });
  });

  test("no such bucket", async () => {
    const refusal = await refusalOf(() => open({ bucket: "no-such-bucket" }));
    expect(refusal).toMatchObject({ code: "StoreMissing", message: expect.stringContaining("bucket no-such-bucket") });
  });

  test("a bucket and a table of two logs", async () => {
    await (await open()).close();
    const other = await createBucket();
    await (await open({ bucket: other, table: await createTable() })).close();
    expect(await refusalOf(() => open({ bucket: other }))).toMatchObject({ code: "StoreFormat" });
  });

  test("credentials that cannot be found", async () => {
    const credentials = () => Promise.reject(Object.assign(new Error("nothing"), { name: "CredentialsProviderError" }));
    const refusal = await refusalOf(() => open({ credentials }));
    expect(refusal).toMatchObject({ code: "StoreForbidden", message: expect.stringContaining("AWS_PROFILE") });
  });

  test("an empty name", async () => {
    expect(await refusalOf(() => open({ bucket: "" }))).toMatchObject({ code: "InvalidArgument" });
  });
});
