import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createDynamoClient } from "../../lib/adapters/aws/aws-clients.ts";
import { DynamoItemStore } from "../../lib/adapters/aws/dynamo-item-store.ts";
import { RetryingItemStore } from "../../lib/adapters/wrappers/retrying-item-store.ts";
import { systemRandom } from "../../lib/base/random.ts";
import { add, equal, itemExists, remove, set, type TransactPart } from "../../lib/storage/item-change.ts";
import { createTable, dynamoClient, testAccess } from "../support/aws-stores.ts";
import { freePort } from "../support/emulators/free-port.ts";
import { dynamoRefusal, type FaultProxy, type ProxyFault, startFaultProxy } from "../support/fault-proxy.ts";
import { InstantClock } from "../support/instant-clock.ts";
import { refusalOf } from "../support/refusal.ts";
import { testCall } from "../support/test-call.ts";

const clock = new InstantClock();
const random = systemRandom;
const key = { pk: "p", sk: "head" };
let proxy: FaultProxy;
let client: DynamoDBClient;
let table: string;
let store: DynamoItemStore;

beforeEach(async () => {
  proxy = await startFaultProxy(inject("awsEndpoints").dynamodb);
  client = dynamoClient(proxy.url);
  table = await createTable();
  store = new DynamoItemStore({ client, table, clock, random });
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
});

const increment = () => store.update(key, [add(["n"], 1)], [], testCall);
const stored = () => new DynamoItemStore({ client: dynamoClient(), table, clock, random }).get(key, testCall);
const sent = () => proxy.seen.map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);

function failNext(fault: ProxyFault): void {
  proxy.fault = () => {
    proxy.fault = undefined;
    return fault;
  };
}

describe("DynamoDB's answer to an update", () => {
  test.each([
    [400, "ThrottlingException", "StoreThrottled", "none", /more requests/],
    [400, "ProvisionedThroughputExceededException", "StoreThrottled", "none", /more requests/],
    [400, "RequestLimitExceeded", "StoreThrottled", "none", /more requests/],
    [400, "TransactionConflictException", "StoreConflict", "none", /under way/],
    [400, "ReplicatedWriteConflictException", "StoreConflict", "none", /under way/],
    [500, "InternalServerError", "StoreUnavailable", "unknown", /InternalServerError/],
    [503, "ServiceUnavailable", "StoreUnavailable", "unknown", /ServiceUnavailable/],
    [400, "AccessDeniedException", "StoreForbidden", "none", /dynamodb:UpdateItem on table .*policy/],
    [400, "UnrecognizedClientException", "StoreForbidden", "none", /credentials/],
    [400, "ExpiredTokenException", "StoreForbidden", "none", /credentials.*renew/],
    [400, "ResourceNotFoundException", "StoreMissing", "none", /there is no table .*create it/],
    [400, "ValidationException", "InvalidRequest", "none", /ValidationException/],
  ] as const)("%i %s means %s with effect %s, and says what to do", async (status, code, meaning, effect, message) => {
    failNext(dynamoRefusal(status, code));
    const error = await refusalOf(increment);
    expect(error).toMatchObject({ code: meaning, effect });
    expect(error.message).toMatch(message);
    expect(proxy.seen).toHaveLength(1);
    expect(await stored()).toBeUndefined();
  });

  test("that is lost leaves it open, and neither the SDK nor the retry wrapper asks again", async () => {
    failNext({ kind: "lostReply" });
    const retrying = new RetryingItemStore(store, { clock, random });
    const error = await refusalOf(() => retrying.update(key, [add(["n"], 1)], [], testCall));
    expect(error).toMatchObject({ code: "StoreUnavailable", effect: "unknown" });
    expect(proxy.seen).toHaveLength(1);
    expect(await stored()).toEqual({ n: 1 });
  });

  test("that says throttled is made good by the retry wrapper", async () => {
    failNext(dynamoRefusal(400, "ThrottlingException"));
    const retrying = new RetryingItemStore(store, { clock, random });
    expect(await retrying.update(key, [add(["n"], 1)], [], testCall)).toEqual({ ok: true, changed: { n: 1 } });
    expect(proxy.seen).toHaveLength(2);
  });

  test("that nobody gave, for no one listens, has no effect", async () => {
    const nobody = dynamoClient(`http://127.0.0.1:${await freePort()}`);
    const unreachable = new DynamoItemStore({ client: nobody, table, clock, random });
    expect(await refusalOf(() => unreachable.update(key, [add(["n"], 1)], [], testCall))).toMatchObject({
      code: "StoreUnavailable",
      effect: "none",
    });
  });
});

describe("a transaction", () => {
  const parts: readonly TransactPart[] = [
    { kind: "update", key, changes: [add(["n"], 1)], conditions: [] },
    { kind: "check", key: { pk: "p", sk: "control" }, conditions: [itemExists] },
  ];
  const transact = () => store.transact(parts, testCall);
  const cancelled = (...codes: readonly string[]): ProxyFault =>
    dynamoRefusal(400, "TransactionCanceledException", { CancellationReasons: codes.map((Code) => ({ Code })) });

  test.each([
    [["TransactionConflict", "None"], "StoreConflict"],
    [["ConditionalCheckFailed", "TransactionConflict"], "StoreConflict"],
    [["None", "ThrottlingError"], "StoreThrottled"],
    [["ProvisionedThroughputExceeded", "None"], "StoreThrottled"],
    [["ValidationError", "None"], "InvalidRequest"],
  ])("cancelled for %j fails with %s, and nothing happened", async (codes, meaning) => {
    failNext(cancelled(...codes));
    expect(await refusalOf(transact)).toMatchObject({ code: meaning, effect: "none" });
  });

  test("that is in progress under its own token may yet take effect", async () => {
    failNext(dynamoRefusal(400, "TransactionInProgressException"));
    expect(await refusalOf(transact)).toMatchObject({ code: "StoreConflict", effect: "unknown" });
  });

  test("bears a new token each time", async () => {
    await transact();
    await transact();
    const tokens = sent().map(({ ClientRequestToken }) => ClientRequestToken);
    expect(new Set(tokens).size).toBe(2);
    expect(tokens[0]).toMatch(/^[0-9a-z]{26}$/);
  });

  test("without the rights names each of them", async () => {
    failNext(dynamoRefusal(400, "AccessDeniedException"));
    const error = await refusalOf(transact);
    expect(error.message).toMatch(/dynamodb:UpdateItem or dynamodb:ConditionCheckItem/);
  });

  test("that removes from an item which is not there does the rest, and creates nothing", async () => {
    const gone = { pk: "p", sk: "gone" };
    const removing: TransactPart = { kind: "update", key: gone, changes: [remove(["a"])], conditions: [] };
    const adding: TransactPart = { kind: "update", key, changes: [add(["n"], 1)], conditions: [] };
    expect(await store.transact([removing, adding], testCall)).toEqual({ ok: true });
    expect(await store.get(gone, testCall)).toBeUndefined();
    expect(await stored()).toEqual({ n: 1 });
  });
});

describe("reads", () => {
  test("are consistent unless asked otherwise", async () => {
    for (const options of [undefined, { consistent: false }]) {
      await store.get(key, testCall, options);
      await store.getMany([key], testCall, options);
      await store.query({ pk: "p", ...options }, testCall);
    }
    const [get, many, query, staleGet, staleMany, staleQuery] = sent();
    const inMany = (request: typeof many) => (request?.RequestItems as Record<string, object> | undefined)?.[table];
    expect([get, inMany(many), query]).toMatchObject(Array(3).fill({ ConsistentRead: true }));
    expect([staleGet, inMany(staleMany), staleQuery]).toMatchObject(Array(3).fill({ ConsistentRead: false }));
  });

  test("of many items go on with what an answer leaves out", async () => {
    const keys = Array.from({ length: 5 }, (_, at) => ({ pk: "p", sk: String(at) }));
    for (const [at, each] of keys.entries()) await store.update(each, [set(["at"], at)], [], testCall);
    proxy.seen.length = 0;
    proxy.fault = ({ body }) => {
      if (proxy.seen.length > 3) return undefined;
      const { RequestItems } = JSON.parse(body.toString()) as { RequestItems: Record<string, object> };
      const answer = JSON.stringify({ Responses: {}, UnprocessedKeys: RequestItems });
      return { kind: "answer", status: 200, body: answer, headers: { "content-type": "application/x-amz-json-1.0" } };
    };
    expect(await store.getMany(keys, testCall)).toEqual(keys.map((_, at) => ({ at })));
    expect(proxy.seen).toHaveLength(4);
    expect(clock.slept.length).toBeGreaterThanOrEqual(3);
  });

  test("of many items that are left out for ever fail as throttled", async () => {
    proxy.fault = ({ body }) => {
      const { RequestItems } = JSON.parse(body.toString()) as { RequestItems: Record<string, object> };
      const answer = JSON.stringify({ Responses: {}, UnprocessedKeys: RequestItems });
      return { kind: "answer", status: 200, body: answer, headers: { "content-type": "application/x-amz-json-1.0" } };
    };
    expect(await refusalOf(() => store.getMany([key], testCall))).toMatchObject({ code: "StoreThrottled" });
  });
});

describe("a deadline", () => {
  test("ends an update whose answer stalls, with its outcome open", async () => {
    const arrived = Promise.withResolvers<void>();
    proxy.fault = () => {
      arrived.resolve();
      return { kind: "stalledBody", afterBytes: 5 };
    };
    const call = { deadlineMs: clock.monotonicMs() + 4000 };
    const updating = refusalOf(() => store.update(key, [set(["a"], 1)], [equal(["a"], 1)], call));
    await arrived.promise;
    clock.advance(4000);
    expect(await updating).toMatchObject({ code: "RequestTimedOut", effect: "unknown" });
    await proxy.givenUp;
  });

  test("covers a source of credentials that hangs", async () => {
    const hanging = createDynamoClient({
      region: testAccess.region,
      endpoint: proxy.url,
      credentials: () => new Promise(() => {}),
    });
    const waiting = new DynamoItemStore({ client: hanging, table, clock, random });
    const getting = refusalOf(() => waiting.get(key, { deadlineMs: clock.monotonicMs() + 4000 }));
    clock.advance(4000);
    expect(await getting).toMatchObject({ code: "RequestTimedOut" });
  });
});
