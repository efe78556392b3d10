import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BATCHES_TYPE } from "../../lib/api/http/media-types.ts";
import type { RequestContext } from "../../lib/api/log-service.ts";
import { byteLengthOf, utf8 } from "../../lib/base/bytes.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { HttpLogService } from "../../lib/client/http-log-service.ts";
import { createHttpApp } from "../../lib/http/app.ts";
import type { HttpApp } from "../../lib/http/http-options.ts";
import { type HttpServer, serve } from "../../lib/http/serve.ts";
import { encodeUncompressedBatch } from "../../lib/records/encode-batch.ts";
import { SmallLog } from "../support/small-log.ts";
import { testRuntime } from "../unit/http/test-app.ts";

const clock = systemClock();
let log: SmallLog;
let server: HttpServer;
let service: HttpLogService;

beforeEach(async () => {
  log = new SmallLog();
  const app = createHttpApp({ service: log, runtime: testRuntime, bodyBytesMax: 4 * 1024 * 1024 });
  server = await serve({ app, host: "127.0.0.1", port: 0, clock, headersMs: 300, requestMs: 600 });
  service = new HttpLogService({ endpoint: server.url, clock });
});

afterEach(async () => {
  service.close();
  await server.close(0);
});

function context(options: Partial<RequestContext> = {}): RequestContext {
  const principal = { kind: "anonymous", name: "ANONYMOUS" } as const;
  return { principal, clientId: "", deadlineMs: clock.monotonicMs() + 5000, ...options };
}

async function dial(): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  const answer = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, answer };
}

const POST = "POST /v1/topics/t/records HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

describe("an HTTP server on a real socket", () => {
  test("carries batches there and back", async () => {
    const value = new Uint8Array(1024 * 1024 - 200).fill(7);
    const records = encodeUncompressedBatch([{ key: utf8("k"), value, headers: [], timestampMs: 1 }]);
    await service.createTopics(context(), { topics: [{ name: "t" }] });
    const at = { topic: "t", partition: 0 };
    const [produced] = (await service.produce(context(), { acks: -1, partitions: [{ ...at, records }] })).partitions;
    expect(produced).toMatchObject({ ok: true, baseOffset: 0 });
    const partitions = [{ ...at, offset: 0, maxBytes: 2 ** 20 }];
    const reading = { maxWaitMs: 0, minBytes: 1, maxBytes: 2 ** 20, isolation: "read_committed", partitions } as const;
    const [fetched] = (await service.fetch(context(), reading)).partitions;
    expect(fetched?.ok === true && fetched.records[0]?.subarray(16)).toEqual(Buffer.from(records.subarray(16)));
  });

  test("gives slow clients up, and serves the others meanwhile", async () => {
    const slowHeaders = await dial();
    slowHeaders.socket.write("GET /v1/topics HTTP/1.1\r\nhost: local");
    const slowBody = await dial();
    slowBody.socket.write(`${POST}content-length: 1000\r\n\r\n{"va`);
    const silent = await dial();
    expect((await service.describeServer(context())).clusterId).toBe("small");
    expect(await slowHeaders.answer).toMatch(/^HTTP\/1\.1 408 .*RequestTimedOut/s);
    await slowBody.answer;
    await silent.answer;
    expect((await service.describeServer(context())).clusterId).toBe("small");
  });

  test("answers what is no HTTP, and headers without end, in its own form", async () => {
    const noise = await dial();
    noise.socket.write("\x16\x03\x01 hello\r\n\r\n");
    expect(await noise.answer).toMatch(/^HTTP\/1\.1 400 .*"code":"InvalidRequest"/s);
    for (const start of ["GET /\\x HTTP/1.1\r\nhost: localhost", "GET / HTTP/1.1\r\nhost: a b", "GET / HTTP/1.0"]) {
      const malformed = await dial();
      malformed.socket.write(`${start}\r\nconnection: close\r\n\r\n`);
      expect(await malformed.answer).toMatch(/^HTTP\/1\.1 400 .*"code":"InvalidRequest"/s);
    }
    const headers = await dial();
    headers.socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(40_000)}\r\n\r\n`);
    expect(await headers.answer).toMatch(/^HTTP\/1\.1 431 .*"code":"RequestTooLarge"/s);
  });

  test("a body above the limit gets its answer, declared or streamed", async () => {
    const declared = await dial();
    declared.socket.write(`${POST}content-length: 999999999\r\n\r\nxx`);
    expect(await declared.answer).toMatch(/^HTTP\/1\.1 413 .*"code":"RequestTooLarge"/s);
    const streamed = await dial();
    streamed.socket.write(`${POST}transfer-encoding: chunked\r\n\r\n`);
    for (let sent = 0; sent < 5; sent += 1) streamed.socket.write(`100000\r\n${"x".repeat(0x100000)}\r\n`);
    expect(await streamed.answer).toMatch(/^HTTP\/1\.1 413 .*"code":"RequestTooLarge"/s);
  });

  test("a connection that breaks within a body stores nothing and harms nobody", async () => {
    const { socket, answer } = await dial();
    socket.write(`${POST}content-length: 100\r\n\r\n{"value":"x"}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.resetAndDestroy();
    await answer;
    expect(await service.describeTopics(context(), {})).toEqual([]);
  });

  test("a client that goes away aborts its call", async () => {
    let entered = (): void => undefined;
    const isIn = new Promise<void>((resolve) => (entered = resolve));
    log.gate = () => {
      entered();
      return new Promise((resolve) => log.context?.signal?.addEventListener("abort", resolve, { once: true }));
    };
    const stop = new AbortController();
    const work = service.describeServer(context({ signal: stop.signal }));
    const refused = expect(work).rejects.toMatchObject({ code: "Aborted" });
    await isIn;
    stop.abort();
    await refused;
    await expect.poll(() => log.context?.signal?.aborted).toBe(true);
  });

  test("closing lets a request under way finish, takes no more, and breaks off what is late", async () => {
    let open = (): void => undefined;
    let entered = (): void => undefined;
    const isIn = new Promise<void>((resolve) => (entered = resolve));
    const gate = new Promise<void>((resolve) => (open = resolve));
    log.gate = () => {
      entered();
      return gate;
    };
    const work = service.describeServer(context());
    await isIn;
    const closed = server.close(3000);
    open();
    expect((await work).clusterId).toBe("small");
    await closed;
    const latecomer = new HttpLogService({ endpoint: server.url, clock });
    const after = latecomer.produce(context(), { acks: -1, partitions: [] });
    await expect(after).rejects.toMatchObject({ code: "NetworkException", effect: "none" });
  });

  test("closing lets an answer in parts be read to its end, though its reader is slow", async () => {
    const parts = Array<Uint8Array>(64).fill(new Uint8Array(256 * 1024));
    const bytes = byteLengthOf(parts);
    const app: HttpApp = {
      async fetch(_, bindings) {
        bindings?.takeBody?.(parts);
        return new Response(null, { headers: { "content-type": BATCHES_TYPE, "content-length": String(bytes) } });
      },
    };
    const other = await serve({ app, host: "127.0.0.1", port: 0, clock });
    const reader = connect(other.port, "127.0.0.1");
    let read = 0;
    const ended = new Promise((resolve) => reader.on("close", resolve));
    reader.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await new Promise((resolve) => reader.once("readable", resolve));
    const closed = other.close(5000);
    await clock.sleep(60);
    reader.on("data", (chunk: Uint8Array) => (read += chunk.byteLength));
    await Promise.all([closed, ended]);
    expect(read).toBeGreaterThan(bytes);
  });

  test("what is still under way after the grace is broken off, with an unknown effect", async () => {
    let entered = (): void => undefined;
    const isIn = new Promise<void>((resolve) => (entered = resolve));
    log.gate = () => {
      entered();
      return new Promise(() => undefined);
    };
    const work = service.produce(context(), { acks: -1, partitions: [] });
    const lost = expect(work).rejects.toMatchObject({ code: "NetworkException", effect: "unknown" });
    await isIn;
    await server.close(20);
    await lost;
  });

  test("a port that is taken is told by rejection", async () => {
    const app = createHttpApp({ service: log, runtime: testRuntime });
    await expect(serve({ app, host: "127.0.0.1", port: server.port, clock })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});
