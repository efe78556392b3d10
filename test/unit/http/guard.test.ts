import { describe, expect, test } from "vitest";
import type { Logger } from "../../../lib/base/logger.ts";
import { jsonOf, testApp, testRuntime } from "./test-app.ts";

const TOKEN = "s3cret-token-of-the-test";

describe("a server with a token", () => {
  const { send } = testApp({ token: TOKEN, metrics: async () => ({ contentType: "text/plain", text: "m 1\n" }) });

  test.each<[string, Record<string, string>]>([
    ["no token", {}],
    ["a wrong one", { authorization: "Bearer nope" }],
    ["a longer one", { authorization: `Bearer ${TOKEN}x` }],
    ["another scheme", { authorization: `Basic ${TOKEN}` }],
    ["an empty one", { authorization: "Bearer " }],
  ])("refuses %s everywhere", async (_, headers) => {
    for (const path of ["/v1/topics", "/v1/server", "/metrics", "/openapi.json", "/nothing"]) {
      const response = await send("GET", path, undefined, headers);
      expect([path, response.status, response.headers.get("www-authenticate")]).toEqual([path, 401, "Bearer"]);
      expect((await jsonOf(response)).error.code).toBe("Unauthenticated");
    }
  });

  test("lets the right one in, and health checks without", async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await send("GET", "/v1/topics", undefined, headers)).status).toBe(200);
    expect(await (await send("GET", "/metrics", undefined, headers)).text()).toBe("m 1\n");
    expect((await send("GET", "/healthz")).status).toBe(200);
  });

  test("checks the token before it looks at the body", async () => {
    expect((await send("POST", "/v1/topics/t/records", "{", { "content-type": "application/json" })).status).toBe(401);
  });
});

describe("foreign pages", () => {
  const get = (url: string, headers: Record<string, string> = {}, allowHosts: string[] | "any" = []) => {
    return testApp({ allowHosts }).app.fetch(new Request(url, { headers }));
  };
  const LOCAL = "http://127.0.0.1:8080/v1/topics";

  test.each([LOCAL, "http://localhost/v1/topics", "http://[::1]:9/v1/topics"])("%s is our own", async (url) => {
    expect((await get(url)).status).toBe(200);
  });

  test.each<[string, string, Record<string, string>]>([
    ["a rebound name", "http://evil.example:8080/v1/topics", {}],
    ["a name that only begins well", "http://localhost.evil.example/v1/topics", {}],
    ["a Host header that the address hides", LOCAL, { host: "evil.example" }],
    ["a foreign Origin", LOCAL, { origin: "https://evil.example" }],
    ["an opaque Origin", LOCAL, { origin: "null" }],
  ])("%s is refused", async (_, url, headers) => {
    const response = await get(url, headers);
    expect([response.status, (await jsonOf(response)).error.code]).toEqual([403, "ClusterAuthorizationFailed"]);
  });

  test("are let in by name, with or without their port", async () => {
    expect((await get("http://log.example/v1/topics", {}, ["Log.example"])).status).toBe(200);
    expect((await get("http://log.example:81/v1/topics", {}, ["log.example:82"])).status).toBe(403);
    expect((await get(LOCAL, { origin: "https://log.example" }, ["log.example"])).status).toBe(200);
    expect((await get("http://evil.example/v1/topics", {}, "any")).status).toBe(200);
  });
});

describe("each request", () => {
  test("keeps a well-formed id and gets one otherwise", async () => {
    const { send, log } = testApp();
    const ids = async (given: string) => {
      return (await send("GET", "/v1/topics", undefined, { "x-request-id": given })).headers.get("x-request-id");
    };
    expect(await ids("abc-1")).toBe("abc-1");
    expect(log.context?.requestId).toBe("abc-1");
    expect(await ids("a b")).toMatch(/^[0-9a-v]{16}$/);
    expect((await send("GET", "/none")).headers.get("x-request-id")).toMatch(/^[0-9a-v]{16}$/);
  });

  test("leaves a line in the log, without token, query or body", async () => {
    const lines: unknown[] = [];
    const log = (message: string, fields: unknown): void => void lines.push([message, fields]);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const { send } = testApp({ token: TOKEN, runtime: { ...testRuntime, logger } });
    const headers = { authorization: `Bearer ${TOKEN}`, "tidelog-client-id": "me" };
    await send("POST", "/v1/topics/t/records?x=in-query", { value: "in-body" }, headers);
    await send("GET", "/v1/topics", undefined, { authorization: "Bearer wrong-one" });
    expect(lines).toMatchObject([
      ["request", { method: "POST", path: "/v1/topics/t/records", status: 200, clientId: "me" }],
      ["request", { status: 401 }],
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/s3cret|in-query|in-body|wrong-one/);
  });

  test("has the deadline that its header names, capped, and the connection's signal", async () => {
    const { log, app } = testApp();
    const leftMs = async (header?: string) => {
      const headers: Record<string, string> = header === undefined ? {} : { "tidelog-timeout-ms": header };
      const before = testRuntime.clock.monotonicMs();
      const stop = new AbortController();
      const response = await app.fetch(new Request("http://localhost/v1/topics", { headers, signal: stop.signal }));
      stop.abort();
      expect(response.status !== 200 || log.context?.signal?.aborted).toBe(true);
      return response.status === 200 ? Math.round(((log.context?.deadlineMs ?? 0) - before) / 1000) : response.status;
    };
    expect([await leftMs(), await leftMs("3000"), await leftMs("999999"), await leftMs("x")]).toEqual([15, 3, 20, 400]);
  });

  test("HEAD answers as GET does, without a body", async () => {
    const { send } = testApp();
    const response = await send("HEAD", "/v1/topics/none");
    expect([response.status, await response.text()]).toEqual([404, ""]);
    expect((await send("HEAD", "/v1/topics")).status).toBe(200);
  });
});
