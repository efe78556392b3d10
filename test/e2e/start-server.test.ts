import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "../../lib/base/logger.ts";
import { loadConfig } from "../../lib/config/load-config.ts";
import { type RunningServer, type ServerConfig, startServer } from "../../lib/local/start-server.ts";
import { refusalOf } from "../support/refusal.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const running: RunningServer[] = [];
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
  await directory.remove();
});

const configOf = (changes: Partial<ServerConfig> = {}): ServerConfig => ({
  ...loadConfig({ environment: {}, workingDirectory: directory.path }).config,
  port: 0,
  ...changes,
});

async function start(changes: Partial<ServerConfig> = {}): Promise<RunningServer> {
  const server = await startServer(configOf(changes), silentLogger);
  running.push(server);
  return server;
}

const recordsOf = (server: RunningServer, topic: string) => `${server.url}/v1/topics/${topic}/records`;
const readingOf = (server: RunningServer, topic: string, query: string) =>
  `${server.url}/v1/topics/${topic}/partitions/0/records?${query}`;

async function publish(server: RunningServer, topic: string, value: string): Promise<void> {
  const body = JSON.stringify({ value: { type: "STRING", data: value } });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(recordsOf(server, topic), { method: "POST", headers, body });
  expect(await answer.text()).toContain("offset");
  expect(answer.status).toBe(200);
}

describe("a server on this machine", () => {
  test("takes a free port, keeps its data in the directory, and tells both", async () => {
    const server = await start();
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(server.dataDir).toBe(join(directory.path, "tidelog-data"));
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(await readdir(server.dataDir)).not.toEqual([]);
  });

  test("has what was published before it was stopped and started again", async () => {
    const first = await start();
    await publish(first, "orders", "kept over a restart");
    await first.close();
    const second = await start();
    const answer = await fetch(readingOf(second, "orders", "offset=0"));
    expect(await answer.text()).toContain("kept over a restart");
  });

  test("counts what it does in Prometheus's text, requests to its stores among it", async () => {
    const server = await start();
    await publish(server, "orders", "counted");
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toMatch(/^tidelog_store_item_updates_total [1-9]/m);
    expect(text).toMatch(/^tidelog_http_request_seconds_count [1-9]/m);
    expect(text).toContain("process_resident_memory_bytes");
  });

  test("demands its token of everything but the health check", async () => {
    const server = await start({ token: "s3cret" });
    const headers = { authorization: "Bearer s3cret" };
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/v1/topics`)).status).toBe(401);
    expect((await fetch(`${server.url}/v1/topics`, { headers })).status).toBe(200);
  });

  test("gives new topics the partitions and configs that it was told", async () => {
    const server = await start({ defaultPartitions: 3, topicDefaults: { "max.message.bytes": "1000" } });
    await publish(server, "orders", "x");
    expect(await (await fetch(`${server.url}/v1/topics/orders`)).json()).toMatchObject({ partitions: 3 });
    const large = { headers: { "content-type": "application/json" }, method: "POST" };
    const value = { type: "STRING", data: "x".repeat(2000) };
    expect((await fetch(recordsOf(server, "orders"), { ...large, body: JSON.stringify({ value }) })).status).toBe(413);
  });
});

describe("what is refused", () => {
  test("a second server on one data directory, which the first survives", async () => {
    const first = await start();
    const refusal = await refusalOf(() => start());
    expect(refusal.code).toBe("StoreLocked");
    expect(refusal.message).toContain(first.dataDir);
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
  });

  test("an address that others can reach, without a token; nothing is created for it", async () => {
    expect((await refusalOf(() => start({ host: "0.0.0.0" }))).code).toBe("InvalidConfig");
    expect(await readdir(directory.path)).toEqual([]);
  });

  test("a port that is taken; the data directory is free again after that", async () => {
    const first = await start();
    const port = Number(new URL(first.url).port);
    const dataDir = join(directory.path, "other");
    const refusal = await refusalOf(() => start({ port, dataDir }));
    expect(refusal).toMatchObject({ code: "InvalidConfig", details: { port } });
    expect((await start({ dataDir })).dataDir).toBe(dataDir);
  });

  test("an address that is not this machine's; no other port is advised for it", async () => {
    const refusal = await refusalOf(() => start({ host: "192.0.2.1", insecure: true }));
    expect(refusal).toMatchObject({ code: "InvalidConfig", message: expect.stringMatching(/; --host takes/) });
  });

  test("a topic default that Kafka's configs do not know", async () => {
    expect((await refusalOf(() => start({ topicDefaults: { "no.such": "1" } }))).code).toBe("InvalidConfig");
  });
});

describe("stopping", () => {
  test("frees the data directory and the port, and may be asked for twice", async () => {
    const server = await start();
    await Promise.all([server.close(), server.close()]);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    const port = Number(new URL(server.url).port);
    expect((await start({ port })).url).toBe(server.url);
  });

  test("a consumer that waits for records is answered at once, not broken off", async () => {
    const server = await start();
    await publish(server, "orders", "x");
    const startedMs = performance.now();
    const waiting = fetch(readingOf(server, "orders", "offset=1&maxWaitMs=20000"));
    await fetch(`${server.url}/healthz`);
    await server.close();
    expect((await waiting).status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(4000);
  });
});
