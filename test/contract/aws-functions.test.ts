import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Tidelog } from "../../lib/client/index.ts";
import { bundleFunctions } from "../../scripts/bundle-functions.ts";
import { createBucket, createTable, testAccess } from "../support/aws-stores.ts";
import { recordFigures } from "../support/figures.ts";
import { FunctionEnvironments } from "../support/lambda/function-environments.ts";
import { type HttpApi, startHttpApi } from "../support/lambda/http-api.ts";

const bundleBytesMax = 1_000_000;
const FUNCTIONS = ["api", "janitor", "roller"];

let folder: string;
let variables: NodeJS.ProcessEnv;
let api: FunctionEnvironments;
let gateway: HttpApi;
let rollRequests: Server;
const asked: { path: string | undefined; type: unknown; body: string }[] = [];
const bundle = (name: string) => path.join(folder, name, "index.mjs");

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "tidelog-functions-"));
  const [bucket, table] = await Promise.all([createBucket(), createTable(), bundleFunctions(folder)]);
  rollRequests = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    asked.push({ path: request.url, type: request.headers["x-amz-invocation-type"], body });
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => rollRequests.listen(0, "127.0.0.1", resolve));
  const { s3, dynamodb } = inject("awsEndpoints");
  variables = {
    AWS_REGION: testAccess.region,
    AWS_ACCESS_KEY_ID: testAccess.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testAccess.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(rollRequests.address() as AddressInfo).port}`,
    LOG_BUCKET: bucket,
    LOG_TABLE: table,
    LOG_ROLLER: "the-roller",
    LOG_FETCH_WAIT_MS_MAX: "500",
  };
  api = new FunctionEnvironments({ bundle: bundle("api"), variables, timeoutMs: 29_000 });
  gateway = await startHttpApi({ invoke: (event) => api.invoke(event) });
});

afterAll(async () => {
  await gateway.close();
  await api.close();
  rollRequests.close();
  rmSync(folder, { recursive: true, force: true });
});

const openClient = () => new Tidelog({ endpoint: gateway.url });

async function readAll(topic: string, count: number): Promise<(string | null)[]> {
  await using log = openClient();
  const consumer = log.consumer();
  consumer.assign([{ topic, partition: 0, from: "beginning" }]);
  const values: (string | null)[] = [];
  while (values.length < count) {
    const records = await consumer.poll({ maxRecords: count, timeoutMs: 10_000 });
    if (records.length === 0) break;
    values.push(...records.map((record) => record.text()));
  }
  return values;
}

async function invokeOnce(name: string, event: unknown): Promise<unknown> {
  const environments = new FunctionEnvironments({ bundle: bundle(name), variables, timeoutMs: 60_000 });
  try {
    return await environments.invoke(event);
  } finally {
    await environments.close();
  }
}

describe("the functions' bundles", () => {
  test.each(FUNCTIONS)("%s is one file of less than 1 MB, without a native addon", (name) => {
    expect(readdirSync(path.join(folder, name))).toEqual(["index.mjs"]);
    const { size } = statSync(bundle(name));
    recordFigures({ [`${name} function, KB`]: Math.round(size / 1000) });
    expect(size).toBeLessThan(bundleBytesMax);
    expect(readFileSync(bundle(name), "utf8")).not.toMatch(/\.node["'`]|node-rs|dlopen/);
  });
});

describe("the log behind an HTTP API", () => {
  test("describes itself as a server does", async () => {
    const answer = await fetch(`${gateway.url}/openapi.json`);
    expect(await answer.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
  });

  test("keeps what is published, once and in order, while environments are killed between requests", async () => {
    await using log = openClient();
    await log.admin.createTopics([{ name: "orders", partitions: 1 }]);
    const sent: string[] = [];
    for (let index = 0; index < 40; index++) {
      const value = `${index}:${"x".repeat(index % 4 === 0 ? 20_000 : 10)}`;
      await log.publish("orders", { value });
      sent.push(value);
      if (index % 15 === 7) api.kill("idle");
    }
    expect(await readAll("orders", sent.length)).toEqual(sent);
    const coldStartMs = Math.min(...api.coldStartsMs);
    recordFigures({ "cold start of the api function here, ms": Math.round(coldStartMs) });
    expect(coldStartMs).toBeLessThan(10_000);
  });

  test("serves several clients at a time, each environment one request", async () => {
    const clients = [openClient(), openClient(), openClient()];
    await clients[0]?.admin.createTopics([{ name: "many", partitions: 1 }]);
    const sent = clients.flatMap((_, each) => Array.from({ length: 10 }, (_, index) => `${each}-${index}`));
    await Promise.all(
      clients.map(async (client, each) => {
        for (let index = 0; index < 10; index++) await client.publish("many", { value: `${each}-${index}` });
        await client.close();
      }),
    );
    const read = await readAll("many", sent.length);
    expect(read).toHaveLength(sent.length);
    expect(new Set(read)).toEqual(new Set(sent));
  });

  test("answers with whole batches within Lambda's 6 MB, has much rolled, and reads what was rolled", async () => {
    await using log = openClient();
    await log.admin.createTopics([{ name: "large", partitions: 1 }]);
    const sent = Array.from({ length: 12 }, (_, index) => `${index}:`.padEnd(900_000, "y"));
    const producer = log.producer({ compression: "none" });
    for (const value of sent) await producer.publish("large", { value });
    expect(await readAll("large", sent.length)).toEqual(sent);

    expect(asked.length).toBeGreaterThan(0);
    const [{ path: address, type, body } = { path: "", type: "", body: "" }] = asked;
    expect([address, type]).toEqual(["/2015-03-31/functions/the-roller/invocations", "Event"]);
    expect(JSON.parse(body)).toEqual({ partitions: [{ topic: "large", partition: 0 }] });
    const outcome = await invokeOnce("roller", JSON.parse(body));
    expect(outcome).toMatchObject({ bytes: expect.any(Number) });
    // Of each topic, what told of it before it was opened.
    const objects = (await log.admin.listTopics()).length;
    expect(await log.admin.collectGarbage({ dryRun: true })).toMatchObject({ objects, undecided: 0 });
    for (const work of ["retention", "collection"]) expect(await invokeOnce("janitor", { work })).toBeNull();
    expect(await readAll("large", sent.length)).toEqual(sent);
  });
});
