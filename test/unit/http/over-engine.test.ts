import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import type { RequestContext } from "../../../lib/api/log-service.ts";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { HttpLogService } from "../../../lib/client/http-log-service.ts";
import { createHttpApp } from "../../../lib/http/app.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { type Broker, openBroker } from "../../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import { BASE, type Json, jsonOf, testRuntime } from "./test-app.ts";

const { clock } = testRuntime;
let broker: Broker;
let remote: HttpLogService;
let send: (method: string, path: string, body?: unknown) => Promise<Response>;

beforeEach(async () => {
  const settings = { ...defaultBrokerSettings, backgroundWork: false };
  const stores = { objects: new MemoryObjectStore(), items: new MemoryItemStore() };
  broker = await openBroker({ ...stores, runtime: testRuntime, settings });
  const app = createHttpApp({ service: broker.service, runtime: testRuntime });
  remote = new HttpLogService({ endpoint: BASE, clock, fetch: (url, init) => app.fetch(new Request(url, init)) });
  send = (method, path, body) => {
    const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return app.fetch(new Request(BASE + path, { method, ...(body === undefined ? {} : json) }));
  };
});

afterEach(() => broker.close());

function context(): RequestContext {
  const principal = { kind: "anonymous", name: "ANONYMOUS" } as const;
  return { principal, clientId: "c", deadlineMs: clock.monotonicMs() + 10_000 };
}

/** As plain data; batches are joined, for their cuts mean nothing, and the clock is left out. */
function plain(value: unknown): unknown {
  const replacer = (name: string, inner: unknown): unknown => {
    if (name === "records" && Array.isArray(inner)) return Buffer.from(concatBytes(inner)).toString("hex");
    if (name === "nowMs") return undefined;
    return isLogError(inner) ? { code: inner.code, message: inner.message, details: inner.details } : inner;
  };
  return JSON.parse(JSON.stringify(value, replacer));
}

describe("HTTP over the engine", () => {
  test("what is read over HTTP is what the engine reads", async () => {
    await remote.createTopics(context(), { topics: [{ name: "t", partitions: 2 }] });
    const sizes = [10, 5000, 200_000];
    for (const [index, size] of sizes.entries()) {
      const record = {
        key: utf8("k"),
        value: new Uint8Array(size).fill(index),
        headers: [],
        timestampMs: clock.nowMs(),
      };
      const records = encodeUncompressedBatch([record, record]);
      const reply = await remote.produce(context(), { acks: -1, partitions: [{ topic: "t", partition: 1, records }] });
      expect(reply.partitions[0]).toMatchObject({ ok: true, baseOffset: 2 * index });
    }
    const partitions = [0, 1, 9].flatMap((partition) => {
      return [0, 3, 6, 7].map((offset) => ({ topic: "t", partition, offset, maxBytes: 1_000_000 }));
    });
    for (const part of partitions) {
      const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, isolation: "read_committed" } as const;
      const local = await broker.service.fetch(context(), { ...request, partitions: [part] });
      expect(plain(await remote.fetch(context(), { ...request, partitions: [part] }))).toEqual(plain(local));
    }
    const asked = [-1, -2, -3, 0].map((timestamp) => ({ topic: "t", partition: 1, timestamp }));
    const listing = { isolation: "read_committed", partitions: asked } as const;
    expect(await remote.listOffsets(context(), listing)).toEqual(await broker.service.listOffsets(context(), listing));
  });

  test("topics, configs and the server are described alike", async () => {
    await remote.createTopics(context(), { topics: [{ name: "t", configs: { "max.message.bytes": "5000" } }] });
    const { service } = broker;
    const names = ["t", "none", "il/legal"];
    expect(plain(await remote.describeTopics(context(), { names }))).toEqual(
      plain(await service.describeTopics(context(), { names })),
    );
    expect(plain(await remote.describeConfigs(context(), { topics: names }))).toEqual(
      plain(await service.describeConfigs(context(), { topics: names })),
    );
    expect(plain(await remote.describeServer(context()))).toEqual(plain(await service.describeServer(context())));
    const first = await remote.initProducerId(context(), {});
    expect((await remote.initProducerId(context(), {})).producerId).toBeGreaterThan(first.producerId);
  });

  test("a person makes, fills, reads, changes, grows and deletes a topic", async () => {
    expect((await send("POST", "/v1/topics", { name: "orders", partitions: 1 })).status).toBe(201);
    const records = ["a", "b"].map((value) => ({ key: "k", value }));
    const stored: Json = await jsonOf(send("POST", "/v1/topics/orders/records", { records }));
    expect(stored.records.map((record: Json) => record.offset)).toEqual([0, 1]);
    const read: Json = await jsonOf(send("GET", "/v1/topics/orders/partitions/0/records?offset=1"));
    expect(read).toMatchObject({ highWatermark: 2, logStartOffset: 0, nextOffset: 2 });
    expect(read.records).toMatchObject([{ offset: 1, key: { data: "k" }, value: { type: "STRING", data: "b" } }]);
    const changed: Json = await jsonOf(
      send("PATCH", "/v1/topics/orders/configs", { set: { "max.message.bytes": "2000" } }),
    );
    expect(changed.entries).toContainEqual({ name: "max.message.bytes", value: "2000", source: "topic" });
    expect((await jsonOf(send("POST", "/v1/topics/orders/partitions", { totalCount: 3 }))).partitions).toBe(3);
    expect((await jsonOf(send("GET", "/v1/topics/orders/offsets"))).partitions).toEqual([
      { partition: 0, logStartOffset: 0, highWatermark: 2 },
      { partition: 1, logStartOffset: 0, highWatermark: 0 },
      { partition: 2, logStartOffset: 0, highWatermark: 0 },
    ]);
    expect((await send("DELETE", "/v1/topics/orders")).status).toBe(204);
    expect((await send("GET", "/v1/topics/orders")).status).toBe(404);
  });

  test("a topic is made by the first record that is sent to it", async () => {
    expect((await send("POST", "/v1/topics/fresh/records", { value: "v" })).status).toBe(200);
    expect((await jsonOf(send("GET", "/v1/topics"))).topics).toMatchObject([{ topic: "fresh" }]);
  });

  test("illegal names and records beyond the limit are refused with Kafka's codes", async () => {
    const illegal: Json = await jsonOf(send("POST", "/v1/topics", { name: "a b" }));
    expect(illegal.error).toMatchObject({ code: "InvalidTopic", kafkaCode: 17 });
    const large = await send("POST", "/v1/topics/t/records", { value: "x".repeat(1_200_000) });
    expect([large.status, (await jsonOf(large)).error.kafkaCode]).toEqual([413, 10]);
  });

  test("a reader waits for a record, and gets it when it comes", async () => {
    await send("POST", "/v1/topics/t/records", { value: "first" });
    const waiting = send("GET", "/v1/topics/t/partitions/0/records?offset=1&maxWaitMs=5000");
    await new Promise((resolve) => setImmediate(resolve));
    await send("POST", "/v1/topics/t/records", { value: "second" });
    expect((await jsonOf(waiting)).records).toMatchObject([{ offset: 1, value: { data: "second" } }]);
  });
});
