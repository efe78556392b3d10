/**
 * How much memory the deployed functions take, and how long: their bundles, each in a process of its own, with the
 * work that is heaviest for each, over stand-ins for S3 and DynamoDB on this machine. The peak is the kernel's
 * (VmHWM), of the whole process. Linux only. Run by hand: `npx node test/bench/function-memory.ts`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { createDynamoClient, createS3Client } from "../../lib/adapters/aws/aws-clients.ts";
import { openLog } from "../../lib/aws/door.ts";
import { Tidelog } from "../../lib/client/index.ts";
import { bundleFunctions } from "../../scripts/bundle-functions.ts";
import { startDynoxide } from "../support/emulators/dynoxide.ts";
import { startHttpApi } from "../support/lambda/http-api.ts";
import { startS3Server } from "../support/s3-server/s3-server.ts";

const MIB = 1024 * 1024;
const access = { region: "us-east-1", credentials: { accessKeyId: "id", secretAccessKey: "secret" } } as const;
const environmentFile = fileURLToPath(new URL("../support/lambda/environment-process.ts", import.meta.url));
/** Merges, compaction and the sweep leave alone what is younger. */
const SETTLED_MS = 75_000;
const KEYED_RECORDS = 1_000_000;

const folder = mkdtempSync(path.join(tmpdir(), "tidelog-function-memory-"));
const objects = await startS3Server();
const items = await startDynoxide();
// Where the api function asks for a roll: the rolls of this measurement are invoked by itself.
const rolls = createServer((_, response) => response.writeHead(202).end()).listen(0, "127.0.0.1");
await once(rolls, "listening");
const variables = {
  AWS_REGION: access.region,
  AWS_ACCESS_KEY_ID: access.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: access.credentials.secretAccessKey,
  AWS_ENDPOINT_URL_S3: objects.url,
  AWS_ENDPOINT_URL_DYNAMODB: items.url,
  AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(rolls.address() as AddressInfo).port}`,
  LOG_BUCKET: "log",
  LOG_TABLE: "log",
  LOG_ROLLER: "roller",
};

/** A function's environment: one process, one invocation at a time. */
class MeasuredFunction {
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(name: string) {
    const bundle = path.join(folder, name, "index.mjs");
    const stdio = ["ignore", "ignore", "inherit", "ipc"] as ["ignore", "ignore", "inherit", "ipc"];
    this.#child = fork(environmentFile, [bundle], { env: variables, execArgv: [], stdio });
    this.#ready = once(this.#child, "message");
  }

  invoke(event: unknown): Promise<unknown> {
    const answer = this.#turn.then(() => this.#invoke(event));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #invoke(event: unknown): Promise<unknown> {
    await this.#ready;
    const answer = once(this.#child, "message");
    this.#child.send({ event, timeoutMs: 900_000, requestId: "measured" });
    const [{ result, failure }] = (await answer) as [{ result?: string; failure?: string }];
    if (result === undefined) throw new Error(failure);
    return JSON.parse(result);
  }

  /** The most that the process has had in memory so far. */
  get peakMib(): number {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))?.[1];
    return Math.round(Number(kib) / 1024);
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

async function measure(what: string, name: string, work: (invoke: MeasuredFunction["invoke"]) => Promise<void>) {
  const measured = new MeasuredFunction(name);
  const startedMs = performance.now();
  await work((event) => measured.invoke(event));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`| ${name} | ${what} | ${measured.peakMib} | ${seconds} |`);
  await measured.end();
}

/** A client of the api function, through a stand-in for API Gateway. */
async function throughApi(invoke: MeasuredFunction["invoke"], use: (log: Tidelog) => Promise<void>): Promise<void> {
  const gateway = await startHttpApi({ invoke });
  const log = new Tidelog({ endpoint: gateway.url });
  await use(log);
  await log.close();
  await gateway.close();
}

async function createStores(): Promise<void> {
  const s3 = createS3Client({ ...access, endpoint: objects.url });
  await s3.send(new CreateBucketCommand({ Bucket: "log" }));
  const dynamodb = createDynamoClient({ ...access, endpoint: items.url });
  const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
  await dynamodb.send(
    new CreateTableCommand({
      TableName: "log",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["pk", "sk"].map((AttributeName) => ({ AttributeName, AttributeType: "S" as const })),
      KeySchema: [key("pk", "HASH"), key("sk", "RANGE")],
    }),
  );
}

/** 128 MiB in batches of 1 MiB, and a compacted topic of a million keys that come twice. */
async function fill(): Promise<void> {
  await using log = await openLog({
    ...access,
    bucket: "log",
    table: "log",
    endpoints: { s3: objects.url, dynamodb: items.url },
    backgroundWork: false,
  });
  await log.admin.createTopic({ name: "large", partitions: 1 });
  await log.admin.createTopic({ name: "keyed", partitions: 1, configs: { "cleanup.policy": "compact" } });
  await using large = log.producer({ compression: "none" });
  for (let index = 0; index < 128; index++) await large.publish("large", { value: new Uint8Array(1_000_000) });
  await using keyed = log.producer({ compression: "none", lingerMs: 5 });
  for (let index = 0; index < KEYED_RECORDS * 2; index += 1000) {
    const records = Array.from({ length: 1000 }, (_, at) => ({
      key: `key-${(index + at) % KEYED_RECORDS}`,
      value: "value of forty characters, more or less.",
    }));
    void keyed.publish("keyed", records);
    if (index % 100_000 === 0) await keyed.flush();
  }
  await keyed.flush();
}

try {
  await Promise.all([bundleFunctions(folder), createStores()]);
  console.log("| function | work | peak, MiB | s |\n| --- | --- | --- | --- |");
  await measure("500 produces of one record", "api", (invoke) =>
    throughApi(invoke, async (log) => {
      for (let index = 0; index < 500; index++) await log.publish("small", { value: `${index}` });
    }),
  );
  await fill();
  await measure("24 produces of 4 MB, then 24 fetches of 4 MiB", "api", (invoke) =>
    throughApi(invoke, async (log) => {
      await log.admin.createTopic({ name: "wide", partitions: 1, configs: { "max.message.bytes": String(8 * MIB) } });
      await using producer = log.producer({ compression: "none", batchBytes: 4 * MIB, requestBytes: 5 * MIB });
      for (let index = 0; index < 24; index++) await producer.publish("wide", { value: new Uint8Array(4_000_000) });
      await using consumer = log.consumer({ assign: "wide", from: "beginning", downloads: false });
      for (let read = 0; read < 24; ) read += (await consumer.poll({ timeoutMs: 10_000 })).length;
    }),
  );
  await measure("rolls 128 MB and 2 million small records", "roller", async (invoke) => {
    await invoke({ partitions: ["large", "keyed"].map((topic) => ({ topic, partition: 0 })) });
  });
  await sleep(SETTLED_MS);
  const janitor = (what: string, work: string) =>
    measure(what, "janitor", async (invoke) => void (await invoke({ work })));
  await janitor("rolls what is old, retains", "retention");
  await sleep(SETTLED_MS);
  await janitor("merges 128 MB, compacts a million keys of two million records", "rewriting");
  await janitor("collects", "collection");
  await janitor("looks after groups", "groups");
} finally {
  rolls.close();
  await Promise.all([objects.close(), items.close()]);
  rmSync(folder, { recursive: true, force: true });
}
