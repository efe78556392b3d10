import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { createApiHandler } from "../../../lambda/api-handler.ts";
import { apiService } from "../../../lambda/api-service.ts";
import { RollRequests } from "../../../lambda/roll-requests.ts";
import type { LogService } from "../../../lib/api/log-service.ts";
import { callWithin } from "../../../lib/base/call.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { SmallLog } from "../../support/small-log.ts";
import { testRuntime } from "../http/test-app.ts";

const get = (path: string, headers: Record<string, string> = {}): APIGatewayProxyEventV2 =>
  ({
    rawPath: path,
    rawQueryString: "",
    headers,
    requestContext: { domainName: "log.example.com", stage: "$default", http: { method: "GET" } },
    isBase64Encoded: false,
  }) as unknown as APIGatewayProxyEventV2;

const invocation = (timeoutMs: number) => {
  const endsMs = performance.now() + timeoutMs;
  return { awsRequestId: "r", getRemainingTimeInMillis: () => endsMs - performance.now() };
};

const describeServer = "/v1/describe-server";
const handlerOf = (open: () => Promise<LogService>) => createApiHandler({ runtime: testRuntime, open });
const errorOf = (result: { body?: string | undefined }) =>
  (JSON.parse(result.body ?? "{}") as { error: { code: string; effect: string } }).error;

describe("the function behind the HTTP API", () => {
  test("answers what the app answers, under any host name", async () => {
    const handler = handlerOf(async () => new SmallLog());
    expect(await handler(get("/healthz"), invocation(10_000))).toMatchObject({ statusCode: 200 });
  });

  test("tells before its time is over that a request cannot be finished, and what may have happened", async () => {
    const handler = handlerOf(() => new Promise<LogService>(() => {}));
    const startedMs = performance.now();
    const result = await handler(get(describeServer), invocation(700));
    expect(performance.now() - startedMs).toBeLessThan(700);
    expect(result.statusCode).toBe(504);
    expect(errorOf(result)).toMatchObject({ code: "RequestTimedOut", effect: "unknown" });
  });

  test("gives the service no more time than the invocation has, whatever the caller allows", async () => {
    const given: number[] = [];
    const log = new SmallLog();
    const service = Object.assign(Object.create(log) as SmallLog, {
      describeTopics: (context: { deadlineMs: number }) => {
        given.push(context.deadlineMs - testRuntime.clock.monotonicMs());
        return Promise.resolve([]);
      },
    });
    const handler = handlerOf(async () => service);
    await handler(get("/v1/topics", { "tidelog-timeout-ms": "20000" }), invocation(3000));
    await handler(get("/v1/topics", { "tidelog-timeout-ms": "1000" }), invocation(30_000));
    expect(given[0]).toBeLessThan(2500);
    expect(given[0]).toBeGreaterThan(1500);
    expect(given[1]).toBeLessThanOrEqual(1000);
  });

  test("leaves a malformed time to the app, which refuses it", async () => {
    const handler = handlerOf(async () => new SmallLog());
    const result = await handler(get("/v1/topics", { "tidelog-timeout-ms": "soon" }), invocation(3000));
    expect(result.statusCode).toBe(400);
  });

  test("tells why the stores could not be opened, and tries again with the next request", async () => {
    let opened = 0;
    const handler = handlerOf(async () => {
      if (++opened === 1) throw new LogError("StoreMissing", "there is no table orders");
      return new SmallLog();
    });
    const failed = await handler(get("/v1/topics"), invocation(3000));
    expect(errorOf(failed).code).toBe("StoreMissing");
    expect((await handler(get("/v1/topics"), invocation(3000))).statusCode).toBe(200);
  });
});

describe("the service behind it", () => {
  const noRolls = new RollRequests(testRuntime, undefined);
  const call = callWithin(testRuntime.clock, 1000);
  const context = { ...call, principal: { kind: "anonymous", name: "" } as const, clientId: "t" };

  test("waits and answers within bounds, whatever a fetch asks for", async () => {
    const asked: { maxBytes: number; maxWaitMs: number }[] = [];
    const service = {
      fetch: async (_: unknown, request: { maxBytes: number; maxWaitMs: number }) => {
        asked.push(request);
        return { partitions: [] };
      },
    } as unknown as LogService;
    const request = { minBytes: 1, isolation: "read_committed", partitions: [] } as const;
    const bounded = apiService(service, 5000, noRolls);
    await bounded.fetch(context, { ...request, maxWaitMs: 20_000, maxBytes: 50_000_000 });
    await bounded.fetch(context, { ...request, maxWaitMs: 10, maxBytes: 1000 });
    expect(asked).toMatchObject([
      { maxWaitMs: 5000, maxBytes: 4 * 1024 * 1024 },
      { maxWaitMs: 10, maxBytes: 1000 },
    ]);
  });

  test("asks for a partition to be rolled once enough was produced to it, and then counts anew", async () => {
    const invoked: unknown[] = [];
    const rolls = new RollRequests(testRuntime, { invoke: async (partitions) => void invoked.push(partitions) });
    const orders = { topic: "orders", partition: 1 };
    rolls.produced(orders, 5_000_000);
    await rolls.send(call);
    expect(invoked).toEqual([]);
    rolls.produced(orders, 5_000_000);
    await rolls.send(call);
    expect(invoked).toEqual([[orders]]);
    for (let commit = 0; commit < 512; commit++) rolls.produced(orders, 10);
    await rolls.send(call);
    expect(invoked).toEqual([[orders], [orders]]);
  });

  test("goes on when the roller cannot be invoked", async () => {
    const rolls = new RollRequests(testRuntime, { invoke: () => Promise.reject(new Error("throttled")) });
    rolls.produced({ topic: "orders", partition: 0 }, 10_000_000);
    await expect(rolls.send(call)).resolves.toBeUndefined();
  });
});
