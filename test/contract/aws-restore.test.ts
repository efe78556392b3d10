import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { openAwsStores } from "../../lib/aws/aws-stores.ts";
import { openLog } from "../../lib/aws/door.ts";
import { restoreAwsLog } from "../../lib/aws/restore-aws-log.ts";
import { verifyAwsLog } from "../../lib/aws/verify-aws-log.ts";
import { present } from "../../lib/base/assert.ts";
import { callWithin } from "../../lib/base/call.ts";
import { isLogError } from "../../lib/base/errors.ts";
import { systemRuntime } from "../../lib/base/system-runtime.ts";
import type { RestoreReport } from "../../lib/local/restore-data.ts";
import { createLogEngine } from "../../lib/log/log-engine.ts";
import { billedLogSettings } from "../../lib/log/log-settings.ts";
import { rollPartition } from "../../lib/log/roll/roll-partition.ts";
import { spill } from "../../lib/log/spill.ts";
import { createBucket, createTable, testAccess } from "../support/aws-stores.ts";
import { CommandLine, type CommandResult } from "../support/command-line.ts";
import { dynamoRefusal, type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { refusalOf } from "../support/refusal.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/* Restore and verification of a log on S3 and DynamoDB; by the command, where it is about processes and flags. */
const PARTITIONS = 6;
const RECORDS_EACH = 6;
const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };
/** Above 4 KiB, so that it lies in a staged object until it is rolled. */
const LARGE = "large".padEnd(10_000, "!");
/** What the first generation leaps to; the second goes twice as far. */
const LEAP = 2 ** 33;

interface Place {
  readonly bucket: string;
  readonly table: string;
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let cli: CommandLine;
let dynamodb: FaultProxy;
/** A log whose records are in segments, all but two. */
let written: Place;
/** Of its segments: each partition's records, as "offset:value". */
let content: string[][];

beforeAll(async () => {
  directory = await temporaryDirectory();
  cli = new CommandLine(directory.path);
  written = await newPlace();
  await using log = await open(written);
  await log.admin.createTopic({ name: "lines", partitions: PARTITIONS });
  for (const round of [0, 1]) {
    const all = Array.from({ length: (PARTITIONS * RECORDS_EACH) / 2 }, (_, at) =>
      log.publish("lines", { partition: at % PARTITIONS, value: `${round}-${at}` }),
    );
    await Promise.all(all);
    expect(await rollAll(written)).toBe(PARTITIONS);
  }
  content = await contentOf(written, PARTITIONS * RECORDS_EACH);
  await log.publish("lines", { partition: 2, value: "only in the head" });
  await log.publish("lines", { partition: 3, value: LARGE });
});
afterAll(() => directory.remove());
beforeEach(async () => {
  dynamodb = await startFaultProxy(inject("awsEndpoints").dynamodb);
});
afterEach(async () => {
  await cli.endAll();
  await dynamodb.close();
});

async function newPlace(): Promise<Place> {
  const [bucket, table] = await Promise.all([createBucket(), createTable()]);
  return { bucket, table };
}

/** The written bucket beside a table that is empty. */
const lostTable = async (): Promise<Place> => ({ ...written, table: await createTable() });
const storage = (at: Place) => ({ ...testAccess, ...at, endpoints: inject("awsEndpoints") });
/** Through the proxy. */
const proxied = (at: Place) => ({ ...storage(at), endpoints: { ...inject("awsEndpoints"), dynamodb: dynamodb.url } });
const open = (at: Place) => openLog({ ...storage(at), backgroundWork: false });

/** Makes segments of whatever there is; answers in how many partitions. */
async function rollAll(at: Place): Promise<number> {
  const runtime = await systemRuntime();
  const stores = await openAwsStores(storage(at), runtime);
  const { catalog, context } = createLogEngine({ ...stores, runtime, settings: billedLogSettings });
  const call = callWithin(runtime.clock, 60_000);
  const { topicId } = present(await catalog.find("lines", call), "the topic");
  let rolled = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const ref = { topicId, partition };
    await spill(context, ref, call);
    if ((await rollPartition(context, ref, WHOLE, call)) > 0) rolled++;
  }
  stores.close();
  return rolled;
}

/** What a consumer reads of each partition, so many records in all, as "offset:value". */
async function contentOf(at: Place, count: number): Promise<string[][]> {
  await using log = await open(at);
  const consumer = log.consumer({ assign: "lines", from: "beginning" });
  const read = Array.from({ length: PARTITIONS }, (): string[] => []);
  for (let left = count; left > 0; ) {
    const records = await consumer.poll({ maxRecords: 1000, timeoutMs: 10_000 });
    if (records.length === 0) throw new Error(`${left} records do not come`);
    for (const record of records) read[record.partition]?.push(`${record.offset}:${record.text()}`);
    left -= records.length;
  }
  expect(await consumer.poll({ maxRecords: 1, timeoutMs: 100 })).toEqual([]);
  await consumer.close();
  return read;
}

async function expectRestored(at: Place, all = content): Promise<void> {
  expect(await contentOf(at, all.flat().length)).toEqual(all);
  expect(await verifyAwsLog(storage(at), {})).toMatchObject({ complete: true, damageCount: 0 });
}

function variables(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    AWS_REGION: testAccess.region,
    AWS_PROFILE: undefined,
    AWS_ACCESS_KEY_ID: testAccess.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testAccess.credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL_S3: inject("awsEndpoints").s3,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
    ...more,
  };
}

const run = (args: readonly string[], more?: NodeJS.ProcessEnv) => cli.run(args, "", variables(more));
const flagsOf = ({ bucket, table }: Place) => ["--bucket", bucket, "--table", table];

/** The command that gets a signal with the so manieth request of that kind. */
function endedAt(args: readonly string[], signal: NodeJS.Signals, at: { operation: string; count: number }) {
  const command = cli.start(args, variables());
  let seen = 0;
  dynamodb.fault = ({ operation }) => {
    if (operation === at.operation && ++seen === at.count) command.child.kill(signal);
    return undefined;
  };
  return command.ended;
}

/** The arguments of the command line that an interrupted one tells. */
function toldToGoOn({ code, stdout }: CommandResult): string[] {
  expect(code).toBe(130);
  const [, again = ""] = /^interrupted; go on: tidelog (.*)$/m.exec(stdout.toString()) ?? [];
  return again.split(" ");
}

describe("a bucket whose table is lost", () => {
  test("is restored into an empty one: every record of its segments at its offset, and verification finds nothing wrong", async () => {
    const at = await lostTable();
    const { code, stdout, stderr } = await run(["restore", ...flagsOf(at), "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const report = JSON.parse(stdout.toString()) as RestoreReport;
    expect(report).toMatchObject({ complete: true, unplaced: [], topics: [{ name: "lines" }] });
    const partitions = report.topics[0]?.partitions ?? [];
    expect(partitions.map(({ segments, records, end }) => [segments, records, end])).toEqual(
      Array.from({ length: PARTITIONS }, () => [2, RECORDS_EACH, RECORDS_EACH]),
    );
    expect(partitions.map(({ staged }) => staged.records)).toEqual([0, 0, 0, 1, 0, 0]);
    expect(await run(["verify", ...flagsOf(at)])).toMatchObject({ code: 0, stderr: "" });
    await expectRestored(at);
    await using log = await open(at);
    const { offset } = await log.publish("lines", { partition: 0, value: "after" });
    expect(offset).toBe(LEAP * report.generation);
    // Whoever works with what was lost, and found again, would give offsets out a second time.
    expect(await refusalOf(() => open(written))).toMatchObject({ code: "StoreFormat" });
  });

  test("gives back what is staged and in no segment where that is asked for", async () => {
    const at = await lostTable();
    const { generation, topics } = await restoreAwsLog(storage(at), { appendStaged: true });
    expect(topics[0]?.partitions[3]?.staged).toEqual({ batches: 1, records: 1, appended: true });
    const staged = `${LEAP * generation}:${LARGE}`;
    await expectRestored(
      at,
      content.map((each, partition) => (partition === 3 ? [...each, staged] : each)),
    );
  });

  test("is restored by the command that an interrupted restore tells, and no broker begins in between", async () => {
    const at = await lostTable();
    const second = { operation: "TransactWriteItems", count: 6 };
    const again = toldToGoOn(await endedAt(["restore", ...flagsOf(at)], "SIGINT", second));
    expect(again).toEqual(["restore", ...flagsOf(at)]);
    const told = await refusalOf(() => open(at));
    expect(told).toMatchObject({ code: "StoreFormat", message: expect.stringContaining("tidelog restore") });
    expectResumed(await restoreAwsLog(storage(at), {}));
    await expectRestored(at);
  });

  test("is restored by a restore that goes on after one that was killed", async () => {
    const at = await lostTable();
    const ended = await endedAt(["restore", ...flagsOf(at)], "SIGKILL", { operation: "TransactWriteItems", count: 7 });
    expect(ended).toMatchObject({ signal: "SIGKILL" });
    expectResumed(await restoreAwsLog(storage(at), {}));
    await expectRestored(at);
  });

  test("is restored through answers that are lost and requests that are throttled, by running it until it is done", async () => {
    const at = await lostTable();
    let sent = 0;
    dynamodb.fault = ({ operation }) => {
      if (operation === "DescribeTable") return undefined;
      sent++;
      if (sent % 11 === 0) return { kind: "lostReply" };
      return sent % 7 === 0 ? dynamoRefusal(400, "ThrottlingException") : undefined;
    };
    let complete = false;
    for (let attempt = 1; !complete && attempt < 20; attempt++) {
      try {
        complete = (await restoreAwsLog(proxied(at), {})).complete;
      } catch (error) {
        if (!isLogError(error) || !error.retriable) throw error;
      }
    }
    expect(complete).toBe(true);
    await expectRestored(at);
  });

  function expectResumed({ complete, topics }: RestoreReport): void {
    expect(complete).toBe(true);
    const before = (topics[0]?.partitions ?? []).filter((each) => each.before).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(PARTITIONS);
  }
});

describe("a verification", () => {
  test("finds nothing wrong while a broker publishes and segments are made", async () => {
    const at = await lostTable();
    await restoreAwsLog(storage(at), {});
    await using log = await open(at);
    let verified = false;
    const publish = async (): Promise<void> => {
      for (let index = 0; !verified; index++) {
        const value = index % 5 === 0 ? LARGE : `${index}`;
        await log.publish("lines", { partition: index % PARTITIONS, value });
      }
    };
    const verify = async () => {
      const reports = [];
      for (let round = 0; round < 3; round++) {
        const [report] = await Promise.all([verifyAwsLog(storage(at), {}), rollAll(at)]);
        reports.push(report);
      }
      verified = true;
      return reports;
    };
    const [reports] = await Promise.all([verify(), publish()]);
    for (const { complete, damages } of reports) expect({ complete, damages }).toEqual({ complete: true, damages: [] });
    const counts = reports.map(({ checked }) => checked.records);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBeGreaterThan(PARTITIONS * RECORDS_EACH);
  });

  test("tells the table of another log, and a table that is empty, as damage", async () => {
    const other = await newPlace();
    await (await open(other)).close();
    const mixed = await verifyAwsLog(storage({ ...written, table: other.table }), {});
    expect(mixed.damages).toMatchObject([{ what: expect.stringContaining("two different logs") }]);
    const lost = await verifyAwsLog(storage(await lostTable()), {});
    expect(lost.damages).toMatchObject([{ what: "it does not exist" }]);
  });

  test("does not call whole what is not there, and leaves it as it is", async () => {
    const nothing = await newPlace();
    for (let attempt = 0; attempt < 2; attempt++) {
      const told = await refusalOf(() => verifyAwsLog(storage(nothing), {}));
      expect(told).toMatchObject({ code: "StoreMissing", message: expect.stringMatching(/no log in .*correct/) });
    }
  });

  test("goes on from the place that an interrupted command tells", async () => {
    const at = await lostTable();
    await restoreAwsLog(storage(at), {});
    const again = toldToGoOn(await endedAt(["verify", ...flagsOf(at)], "SIGINT", { operation: "Query", count: 4 }));
    expect(again.slice(0, -1)).toEqual(["verify", ...flagsOf(at), "--from"]);
    const report = await verifyAwsLog(storage(at), { from: again.at(-1) });
    expect(report).toMatchObject({ complete: true, damageCount: 0 });
    expect(report.checked.partitions).toBeGreaterThan(0);
    expect(report.checked.partitions).toBeLessThan(PARTITIONS);
  });

  test("goes on from the place that one tells whose credentials expire", async () => {
    const at = await lostTable();
    await restoreAwsLog(storage(at), {});
    let queries = 0;
    dynamodb.fault = ({ operation }) =>
      operation === "Query" && ++queries > 6 ? dynamoRefusal(400, "ExpiredTokenException") : undefined;
    const { code, stderr } = await run(["verify", ...flagsOf(at)]);
    expect(code).toBe(1);
    const [, again = ""] = /renew them.*; go on: tidelog (.*)$/m.exec(stderr) ?? [];
    expect(again.split(" ").slice(0, -1)).toEqual(["verify", ...flagsOf(at), "--from"]);
    const report = await verifyAwsLog(storage(at), { from: again.split(" ").at(-1) });
    expect(report).toMatchObject({ complete: true, damageCount: 0 });
    expect(report.checked.partitions).toBeGreaterThan(0);
    expect(report.checked.partitions).toBeLessThan(PARTITIONS);
  });
});

describe("a restore is refused", () => {
  const refused = (at: Place) => refusalOf(() => restoreAwsLog(proxied(at), {}));

  test("a table that holds a log, be it the bucket's own or another's, and changes nothing", async () => {
    const other = await newPlace();
    await (await open(other)).close();
    for (const table of [written.table, other.table]) {
      const told = await refused({ ...other, table });
      expect(told).toMatchObject({ code: "StoreFormat", message: expect.stringContaining("not empty") });
    }
    await (await open(other)).close();
  });

  test("a bucket without a log, which gets none", async () => {
    const nothing = await newPlace();
    expect(await refused(nothing)).toMatchObject({ code: "StoreMissing" });
    expect(await refusalOf(() => verifyAwsLog(storage(nothing), {}))).toMatchObject({ code: "StoreMissing" });
  });

  test("a bucket or a table that does not exist, by name", async () => {
    const place = await newPlace();
    expect((await refused({ ...place, table: "nowhere" })).message).toMatch(/no table nowhere .*AWS_REGION$/);
    expect((await refused({ ...place, bucket: "nowhere" })).message).toMatch(/no bucket nowhere .*AWS_REGION$/);
    expect(await refused({ ...place, bucket: "" })).toMatchObject({ code: "InvalidArgument" });
  });
});

describe("the command line", () => {
  beforeEach(() => writeFileSync(path.join(directory.path, "credentials"), PROFILES));

  const PROFILES = "[work]\naws_access_key_id = AKIDOFWORK\naws_secret_access_key = secret\n";
  const profiles = () => ({
    AWS_SHARED_CREDENTIALS_FILE: path.join(directory.path, "credentials"),
    AWS_CONFIG_FILE: "/nowhere",
    AWS_EC2_METADATA_DISABLED: "true",
  });

  test("asks the stores with its profile, in its region, whatever keys the environment holds", async () => {
    const at = await newPlace();
    await run(["verify", ...flagsOf(at), "--region", "eu-north-1", "--aws-profile", "work"], profiles());
    expect(dynamodb.seen.length).toBeGreaterThan(0);
    for (const { authorization } of dynamodb.seen) {
      expect(authorization).toMatch(/Credential=AKIDOFWORK\/\d{8}\/eu-north-1\/dynamodb\//);
    }
  });

  test("asks nothing with other keys when its profile is not there", async () => {
    const keys = { AWS_ACCESS_KEY_ID: "AKIDOTHER", AWS_SECRET_ACCESS_KEY: "secret" };
    for (const [name, value] of Object.entries({ ...profiles(), ...keys })) vi.stubEnv(name, value);
    const at = { ...proxied(await newPlace()), credentials: undefined, profile: "play" };
    const told = await refusalOf(() => restoreAwsLog(at, {})).finally(() => vi.unstubAllEnvs());
    expect(told).toMatchObject({ code: "StoreForbidden", message: expect.stringContaining("no AWS credentials") });
    expect(dynamodb.seen).toEqual([]);
  });
});
