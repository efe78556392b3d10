import { type AttributeDefinition, CreateTableCommand, type KeySchemaElement } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { openLog } from "../../lib/aws/door.ts";
import { createBucket, createTable, dynamoClient, testAccess } from "../support/aws-stores.ts";
import {
  dynamoRefusal,
  type FaultProxy,
  type ProxiedRequest,
  type ProxyFault,
  s3Refusal,
  startFaultProxy,
} from "../support/fault-proxy.ts";
import { refusalOf } from "../support/refusal.ts";

/* What `openLog` says when the set-up is wrong. What no emulator refuses is answered by a proxy, in AWS's words. */
let bucket: string;
let table: string;
let s3: FaultProxy;
let dynamodb: FaultProxy;

beforeAll(async () => {
  [bucket, table] = await Promise.all([createBucket(), createTable()]);
});
beforeEach(async () => {
  s3 = await startFaultProxy(inject("awsEndpoints").s3);
  dynamodb = await startFaultProxy(inject("awsEndpoints").dynamodb);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await s3.close();
  await dynamodb.close();
});

type Options = Partial<Parameters<typeof openLog>[0]>;
const open = (options: Options = {}) =>
  openLog({ ...testAccess, bucket, table, endpoints: { s3: s3.url, dynamodb: dynamodb.url }, ...options });
const refusal = (options?: Options) => refusalOf(() => open(options));

const answerTo =
  (operation: string, fault: ProxyFault) =>
  (request: ProxiedRequest): ProxyFault | undefined =>
    request.operation === operation ? fault : undefined;

/** Nothing of the machine that runs the tests is to be found. */
function forgetAws(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", "/nowhere/config");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials");
}

describe("a process without", () => {
  test("credentials is told where they may be given, whatever of the machine was searched", async () => {
    forgetAws();
    const told = await refusal({ credentials: undefined });
    expect(told.code).toBe("StoreForbidden");
    expect(told.message).toMatch(/no AWS credentials.*role.*AWS_PROFILE.*AWS_ACCESS_KEY_ID/);
  });

  test("a region is told to set it", async () => {
    forgetAws();
    const told = await refusal({ region: undefined });
    expect(told).toMatchObject({ code: "StoreMissing", message: expect.stringContaining("AWS_REGION") });
  });

  test.each([
    ["ExpiredTokenException", "renew them"],
    ["UnrecognizedClientException", "renew them"],
  ])("credentials that are still good is told so (%s)", async (code, words) => {
    dynamodb.fault = answerTo("DescribeTable", dynamoRefusal(400, code));
    expect(await refusal()).toMatchObject({ code: "StoreForbidden", message: expect.stringContaining(words) });
  });
});

describe("a process in the wrong region", () => {
  test("is told which is the bucket's", async () => {
    s3.fault = () => s3Refusal(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-3" });
    const told = await refusal();
    expect(told.code).toBe("StoreMissing");
    expect(told.message).toMatch(/another region: set AWS_REGION.*eu-west-3/);
  });

  test("finds no table there, and is told to look at the region", async () => {
    dynamodb.fault = answerTo("DescribeTable", dynamoRefusal(400, "ResourceNotFoundException"));
    const told = await refusal();
    expect(told).toMatchObject({ code: "StoreMissing", message: expect.stringMatching(/no table .*AWS_REGION/) });
  });
});

describe("a process that may not", () => {
  const denied = "AccessDenied";
  test.each<[string, string, () => void]>([
    ["look at the table", "dynamodb:DescribeTable", () => refuseItems("DescribeTable")],
    ["read items", "dynamodb:GetItem", () => refuseItems("GetItem")],
    ["change items", "dynamodb:UpdateItem", () => refuseItems("UpdateItem")],
    ["list objects", "s3:ListBucket", () => refuseObjects((url) => url.includes("list-type"))],
    ["put objects", "s3:PutObject", () => refuseObjects((_, method) => method === "PUT")],
    [
      "read objects",
      "s3:GetObject",
      () => refuseObjects((url, method) => method === "GET" && url.includes("store.json")),
    ],
  ])("%s is told the action to allow, and on what", async (_, action, refuse) => {
    // New stores: their first broker needs all of it.
    const fresh = { bucket: await createBucket(), table: await createTable() };
    refuse();
    const told = await refusal(fresh);
    expect(told.code).toBe("StoreForbidden");
    expect(told.message).toContain(action);
    expect(told.message).toContain(action.startsWith("s3:") ? fresh.bucket : fresh.table);
    expect(told.message).toContain("policy");
  });

  function refuseItems(operation: string): void {
    dynamodb.fault = answerTo(operation, dynamoRefusal(400, `${denied}Exception`));
  }

  function refuseObjects(which: (url: string, method: string) => boolean): void {
    s3.fault = ({ url, operation }) => (which(url, operation) ? s3Refusal(403, denied) : undefined);
  }
});

describe("a table", () => {
  async function tableWith(keys: KeySchemaElement[], types: AttributeDefinition[]): Promise<string> {
    const name = `t${Math.random().toString(36).slice(2)}`;
    const client = dynamoClient();
    const layout = { KeySchema: keys, AttributeDefinitions: types };
    await client.send(new CreateTableCommand({ TableName: name, BillingMode: "PAY_PER_REQUEST", ...layout }));
    client.destroy();
    return name;
  }
  const hash = (AttributeName: string): KeySchemaElement => ({ AttributeName, KeyType: "HASH" });
  const range = (AttributeName: string): KeySchemaElement => ({ AttributeName, KeyType: "RANGE" });
  const text = (AttributeName: string): AttributeDefinition => ({ AttributeName, AttributeType: "S" });
  const number = (AttributeName: string): AttributeDefinition => ({ AttributeName, AttributeType: "N" });

  test.each<[string, KeySchemaElement[], AttributeDefinition[]]>([
    ["other names", [hash("id"), range("time")], [text("id"), text("time")]],
    ["no sort key", [hash("pk")], [text("pk")]],
    ["a number for its sort key", [hash("pk"), range("sk")], [text("pk"), number("sk")]],
  ])("whose keys have %s is refused, with those that are wanted", async (_, keys, types) => {
    const told = await refusal({ table: await tableWith(keys, types) });
    expect(told).toMatchObject({ code: "StoreFormat", message: expect.stringMatching(/strings pk and sk/) });
  });

  const asReplicated = (consistency: string | undefined): ProxyFault => ({
    kind: "changedBody",
    change: (body) => {
      const { Table } = JSON.parse(body.toString()) as { Table: object };
      const more = { Replicas: [{ RegionName: "eu-west-1" }], MultiRegionConsistency: consistency };
      return Buffer.from(JSON.stringify({ Table: { ...Table, ...more } }));
    },
  });

  test.each(["EVENTUAL", undefined])("that is global with consistency %s is refused", async (consistency) => {
    dynamodb.fault = answerTo("DescribeTable", asReplicated(consistency));
    const told = await refusal();
    expect(told).toMatchObject({ code: "StoreFormat", details: { replicas: ["eu-west-1"] } });
    expect(told.message).toContain("without strong consistency");
  });

  test("that is global with strong consistency will do", async () => {
    dynamodb.fault = answerTo("DescribeTable", asReplicated("STRONG"));
    await (await open()).close();
  });
});

describe("a bucket and a table", () => {
  test("of two logs are refused", async () => {
    await (await open()).close();
    const other = { bucket: await createBucket(), table: await createTable() };
    await (await open(other)).close();
    for (const mixed of [{ bucket: other.bucket }, { table: other.table }]) {
      expect(await refusal(mixed)).toMatchObject({
        code: "StoreFormat",
        message: expect.stringContaining("two different logs"),
      });
    }
  });

  test("of which the table is new and the bucket holds a log are refused, with the command that restores it", async () => {
    await using log = await open();
    await log.admin.createTopic({ name: "kept", partitions: 1 });
    const told = await refusal({ table: await createTable() });
    expect(told).toMatchObject({ code: "StoreFormat", message: expect.stringContaining("tidelog restore") });
  });
});
