import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFetchReply } from "../../../lib/api/http/fetch-frame.ts";
import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { ERROR_CODES, type ErrorCode } from "../../../lib/base/error-codes.ts";
import { isLogError, LogError } from "../../../lib/base/errors.ts";
import { systemClock } from "../../../lib/base/system-clock.ts";
import { HttpLogService } from "../../../lib/client/http-log-service.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { SmallLog } from "../../support/small-log.ts";
import { BASE, testApp } from "../http/test-app.ts";

const clock = systemClock();

function contextOf(options: Partial<RequestContext> = {}): RequestContext {
  const principal = { kind: "anonymous", name: "ANONYMOUS" } as const;
  return { principal, clientId: "tester", deadlineMs: clock.monotonicMs() + 10_000, ...options };
}

/** A client whose requests go straight into the app. */
function clientOf(log: SmallLog, token?: string): HttpLogService {
  const { app } = testApp({ log, token });
  return new HttpLogService({ endpoint: BASE, clock, token, fetch: (url, init) => app.fetch(new Request(url, init)) });
}

/** A client that gets the same answer to everything. */
function answered(status: number, body: string, headers: Record<string, string> = {}): HttpLogService {
  return new HttpLogService({ endpoint: BASE, clock, fetch: async () => new Response(body, { status, headers }) });
}

function failing(error: unknown): HttpLogService {
  return new HttpLogService({ endpoint: BASE, clock, fetch: () => Promise.reject(error) });
}

const produceNothing = { acks: -1, partitions: [] } as const;

/** An outcome as plain data; batches are joined, for their cuts mean nothing. */
async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return plain(await work);
  } catch (error) {
    return { thrown: plain(error) };
  }
}

function plain(value: unknown): unknown {
  if (isLogError(value)) {
    const { code, message, effect, details, retryAfterMs } = value;
    return { code, message, effect, details, retryAfterMs };
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) {
    if (value.every((part) => part instanceof Uint8Array)) return plain(concatBytes(value));
    return value.map(plain);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

type Step = (service: LogService, context: RequestContext) => Promise<unknown>;

const topic = fc.constantFrom("a", "b", "ü/x", "");
const partition = fc.integer({ min: -1, max: 2 });
const count = fc.integer({ min: -1, max: 4 });
const configs = fc.dictionary(fc.constantFrom("max.message.bytes", "x.y"), fc.constantFrom("100", "5000", ""));
const isolation = fc.constantFrom("read_uncommitted" as const, "read_committed" as const);
const batch = fc.oneof(
  fc.string().map((text) => {
    return encodeUncompressedBatch([{ key: null, value: utf8(text), headers: [], timestampMs: 1 }]);
  }),
  fc.uint8Array({ maxLength: 80 }),
);
const names = fc.array(topic, { maxLength: 3 });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({
      acks: fc.constantFrom(0 as const, 1 as const, -1 as const),
      partitions: fc.array(fc.record({ topic, partition, records: batch }), { maxLength: 3 }),
    })
    .map(
      (request): Step =>
        (service, context) =>
          service.produce(context, request),
    ),
  fc
    .record({
      maxWaitMs: fc.constant(0),
      minBytes: fc.nat(),
      maxBytes: fc.nat(),
      isolation,
      partitions: fc.array(
        fc.record(
          { topic, partition, offset: fc.integer(), maxBytes: fc.nat(), currentLeaderEpoch: fc.nat() },
          { requiredKeys: ["topic", "partition", "offset", "maxBytes"] },
        ),
        { maxLength: 3 },
      ),
    })
    .map(
      (request): Step =>
        (service, context) =>
          service.fetch(context, request),
    ),
  fc
    .record({
      isolation,
      partitions: fc.array(fc.record({ topic, partition, timestamp: fc.integer({ min: -3 }) }), { maxLength: 3 }),
    })
    .map(
      (request): Step =>
        (service, context) =>
          service.listOffsets(context, request),
    ),
  fc
    .record({
      topics: fc.array(
        fc.record({ name: topic, partitions: fc.integer({ min: 1, max: 3 }), configs }, { requiredKeys: ["name"] }),
        { maxLength: 3 },
      ),
      validateOnly: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map(
      (request): Step =>
        (service, context) =>
          service.createTopics(context, request),
    ),
  names.map(
    (list): Step =>
      (service, context) =>
        service.deleteTopics(context, { names: list }),
  ),
  fc
    .array(fc.record({ topic, partition: fc.nat(3), beforeOffset: fc.integer({ min: -1, max: 3 }) }), { maxLength: 2 })
    .map(
      (partitions): Step =>
        (service, context) =>
          service.deleteRecords(context, { partitions }),
    ),
  fc.array(fc.record({ name: topic, totalCount: count }), { maxLength: 2 }).map(
    (topics): Step =>
      (service, context) =>
        service.createPartitions(context, { topics }),
  ),
  fc.record({ names: fc.option(names, { nil: undefined }), allowAutoCreate: fc.boolean() }).map(
    (request): Step =>
      (service, context) =>
        service.describeTopics(context, request),
  ),
  names.map(
    (topics): Step =>
      (service, context) =>
        service.describeConfigs(context, { topics }),
  ),
  fc.array(fc.record({ name: topic, set: configs, remove: fc.subarray(["x.y"]) }), { maxLength: 2 }).map(
    (topics): Step =>
      (service, context) =>
        service.alterConfigs(context, { topics }),
  ),
  fc.option(fc.string(), { nil: undefined }).map(
    (transactionalId): Step =>
      (service, context) =>
        service.initProducerId(context, { transactionalId }),
  ),
  fc.record({ dryRun: fc.boolean(), after: fc.option(fc.string(), { nil: undefined }) }).map(
    (request): Step =>
      (service, context) =>
        service.collectGarbage(context, request),
  ),
  fc.constant<Step>((service, context) => service.describeServer(context)),
);

describe("a log over HTTP", () => {
  test("answers every sequence of calls as the log itself does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const direct = new SmallLog();
        const remote = clientOf(new SmallLog());
        for (const run of steps) {
          expect(await outcomeOf(run(remote, contextOf()))).toEqual(await outcomeOf(run(direct, contextOf())));
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each(Object.keys(ERROR_CODES) as ErrorCode[])("tells %s with effect, details and retry time", async (code) => {
    const log = new SmallLog();
    const error = new LogError(code, "why", { effect: "unknown", details: { a: [1], b: "x" }, retryAfterMs: 1234 });
    log.failure = error;
    const thrown = (await outcomeOf(clientOf(log).produce(contextOf(), produceNothing))) as { thrown: LogError };
    expect(thrown.thrown).toMatchObject({ code, message: "why", effect: "unknown", retryAfterMs: 1234 });
    expect(thrown.thrown.details).toMatchObject({ a: [1], b: "x" });
  });

  test("hands on client id, request id, deadline and token", async () => {
    const log = new SmallLog();
    const deadlineMs = clock.monotonicMs() + 3000;
    await clientOf(log, "tok").describeServer(contextOf({ clientId: "ü 1", requestId: "r-1", deadlineMs }));
    expect(log.context).toMatchObject({ clientId: "ü 1", requestId: "r-1", principal: { kind: "user" } });
    expect(Math.abs((log.context?.deadlineMs ?? 0) - deadlineMs)).toBeLessThan(500);
  });
});

describe("a request without an answer", () => {
  const socketError = (code: string): TypeError => {
    return new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
  };

  test.each([
    ["ECONNREFUSED", "none", "none"],
    ["ENOTFOUND", "none", "none"],
    ["CERT_HAS_EXPIRED", "none", "none"],
    ["ECONNRESET", "unknown", "none"],
    ["EPIPE", "unknown", "none"],
    ["UND_ERR_SOCKET", "unknown", "none"],
  ])("after %s: a produce has effect %s, a fetch %s", async (code, produced, read) => {
    const service = failing(socketError(code));
    const expected = { code: "NetworkException", retriable: true };
    await expect(service.produce(contextOf(), produceNothing)).rejects.toMatchObject({ ...expected, effect: produced });
    await expect(service.describeTopics(contextOf(), {})).rejects.toMatchObject({ ...expected, effect: read });
  });

  test("all addresses of a host refusing is a refusal", async () => {
    const each = Object.assign(new Error("no"), { code: "ECONNREFUSED" });
    const service = failing(new TypeError("fetch failed", { cause: new AggregateError([each, each]) }));
    await expect(service.produce(contextOf(), produceNothing)).rejects.toMatchObject({ effect: "none" });
  });

  const hanging = (): HttpLogService => {
    const fetch: typeof globalThis.fetch = (_, init) => {
      return new Promise((_resolve, reject) =>
        init?.signal?.addEventListener("abort", () => reject(new Error("stop"))),
      );
    };
    return new HttpLogService({ endpoint: BASE, clock, fetch });
  };

  test("ends at the deadline, and by the caller's signal", async () => {
    const deadlineMs = clock.monotonicMs() + 20;
    const late = { code: "RequestTimedOut", effect: "unknown" };
    await expect(hanging().produce(contextOf({ deadlineMs }), produceNothing)).rejects.toMatchObject(late);
    const stop = new AbortController();
    const work = hanging().produce(contextOf({ signal: stop.signal }), produceNothing);
    stop.abort();
    await expect(work).rejects.toMatchObject({ code: "Aborted", effect: "unknown" });
  });

  test("is not sent at all when the deadline has passed or the signal has aborted", async () => {
    const service = failing(new Error("it was sent"));
    await expect(service.produce(contextOf({ deadlineMs: 0 }), produceNothing)).rejects.toMatchObject({
      code: "RequestTimedOut",
      effect: "none",
    });
    const signal = AbortSignal.abort();
    await expect(service.produce(contextOf({ signal }), produceNothing)).rejects.toMatchObject({
      code: "Aborted",
      effect: "none",
    });
  });
});

describe("an answer that is not Tidelog's", () => {
  const HTML = { "content-type": "text/html" };
  const JSON_TYPE = { "content-type": "application/json" };

  test.each<[number, string, Record<string, string>, object]>([
    [502, "<h1>Bad Gateway</h1>", HTML, { code: "NetworkException", effect: "unknown" }],
    [504, "", {}, { code: "NetworkException", effect: "unknown" }],
    [503, "busy", { "retry-after": "7" }, { code: "NetworkException", retryAfterMs: 7000 }],
    [429, "slow", HTML, { code: "Overloaded", effect: "none" }],
    [413, "too big", HTML, { code: "RequestTooLarge", effect: "none" }],
    [404, "<h1>Not Found</h1>", HTML, { code: "NotFound", effect: "none" }],
    [401, "", {}, { code: "Unauthenticated" }],
    [302, "", { location: "https://elsewhere" }, { code: "UnknownServerError" }],
    [200, "<h1>Welcome</h1>", HTML, { code: "UnknownServerError", effect: "unknown" }],
    [200, '{"partitions"', JSON_TYPE, { code: "UnknownServerError" }],
    [200, "{}", JSON_TYPE, { code: "UnknownServerError" }],
    [200, '{"partitions":[{"topic":"t","ok":true}]}', JSON_TYPE, { code: "UnknownServerError" }],
    [500, '{"message":"Internal Server Error"}', JSON_TYPE, { code: "NetworkException", effect: "unknown" }],
    [501, '{"error":"boom"}', JSON_TYPE, { code: "UnknownServerError", effect: "unknown" }],
  ])("%i %s becomes a clear error", async (status, body, headers, expected) => {
    const work = answered(status, body, headers).produce(contextOf(), produceNothing);
    await expect(work).rejects.toMatchObject({ ...expected, message: expect.stringContaining(`HTTP ${status}`) });
  });

  test("a frame that is cut off is an error, not fewer records", async () => {
    const service = answered(200, "\0\0\0\x05{", { "content-type": "application/vnd.tidelog.batches" });
    const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1, isolation: "read_committed", partitions: [] } as const;
    await expect(service.fetch(contextOf(), request)).rejects.toMatchObject({ code: "UnknownServerError" });
  });

  test("bytes that no partition claims are an error", async () => {
    const bytes = concatBytes(encodeFetchReply({ partitions: [] }));
    const body = `${Buffer.from(bytes).toString()}more`;
    const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1, isolation: "read_committed", partitions: [] } as const;
    const type = { "content-type": "application/vnd.tidelog.batches" };
    expect(await answered(200, Buffer.from(bytes).toString(), type).fetch(contextOf(), request)).toEqual({
      partitions: [],
    });
    await expect(answered(200, body, type).fetch(contextOf(), request)).rejects.toMatchObject({
      code: "UnknownServerError",
    });
  });

  test("an error code of a newer server is kept beside a code that this version knows", async () => {
    const error = { code: "FromTheFuture", message: "m", effect: "none", details: { x: 1 } };
    const service = answered(400, JSON.stringify({ error }), JSON_TYPE);
    await expect(service.describeServer(contextOf())).rejects.toMatchObject({
      code: "UnknownServerError",
      message: "m",
      details: { code: "FromTheFuture", x: 1 },
    });
  });
});

describe("an endpoint", () => {
  test.each(["", "localhost:8080", "ftp://x", "http://u:p@x", "http://x/?a=1"])("%s is refused", (endpoint) => {
    expect(() => new HttpLogService({ endpoint, clock })).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });

  test("takes a token that a header can carry, and does not repeat another", () => {
    const refused = (): unknown => new HttpLogService({ endpoint: BASE, clock, token: "s3cret\ntoo" });
    expect(refused).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
    expect(refused).not.toThrow("s3cret");
  });

  test("may have a path and a slash at its end", async () => {
    const urls: string[] = [];
    const fetch: typeof globalThis.fetch = async (url) => {
      urls.push(String(url));
      return new Response("{}");
    };
    const service = new HttpLogService({ endpoint: "https://x/stage/", clock, fetch });
    await service.describeServer(contextOf()).catch(() => undefined);
    expect(urls).toEqual(["https://x/stage/v1/server"]);
  });
});
