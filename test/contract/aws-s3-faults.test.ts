import type { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createS3Client } from "../../lib/adapters/aws/aws-clients.ts";
import { S3ObjectStore } from "../../lib/adapters/aws/s3-object-store.ts";
import { RetryingObjectStore } from "../../lib/adapters/wrappers/retrying-object-store.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import type { Call } from "../../lib/base/call.ts";
import { systemRandom } from "../../lib/base/random.ts";
import { createBucket, s3Client, testAccess } from "../support/aws-stores.ts";
import { freePort } from "../support/emulators/free-port.ts";
import { type FaultProxy, type ProxyFault, s3Refusal, startFaultProxy } from "../support/fault-proxy.ts";
import { InstantClock } from "../support/instant-clock.ts";
import { refusalOf } from "../support/refusal.ts";
import { testCall } from "../support/test-call.ts";

const clock = new InstantClock();
let proxy: FaultProxy;
let client: S3Client;
let bucket: string;
let store: S3ObjectStore;

beforeEach(async () => {
  proxy = await startFaultProxy(inject("awsEndpoints").s3);
  client = s3Client(proxy.url);
  bucket = await createBucket();
  store = new S3ObjectStore({ client, bucket, clock });
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
});

const put = () => store.put("a/b", [utf8("body")], testCall, { ifAbsent: true });
const stored = () => new S3ObjectStore({ client: s3Client(), bucket, clock }).get("a/b", testCall);

/** Fails the next request alone. */
function failNext(fault: ProxyFault): void {
  proxy.fault = () => {
    proxy.fault = undefined;
    return fault;
  };
}

describe("S3's answer to a put", () => {
  const REGION = { "x-amz-bucket-region": "eu-north-1" };
  test.each([
    [409, "ConditionalRequestConflict", "StoreConflict", "none", /under way/],
    [503, "SlowDown", "StoreThrottled", "none", /more requests/],
    [500, "InternalError", "StoreUnavailable", "unknown", /InternalError/],
    [503, "ServiceUnavailable", "StoreUnavailable", "unknown", /ServiceUnavailable/],
    [403, "AccessDenied", "StoreForbidden", "none", /s3:PutObject on bucket .*policy/],
    [403, "InvalidAccessKeyId", "StoreForbidden", "none", /credentials/],
    [400, "ExpiredToken", "StoreForbidden", "none", /credentials.*renew/],
    [404, "NoSuchBucket", "StoreMissing", "none", /there is no bucket .*create it/],
    [301, "PermanentRedirect", "StoreMissing", "none", /AWS_REGION.*eu-north-1/],
    [400, "BadDigest", "StoreUnavailable", "none", /BadDigest/],
    [400, "EntityTooLarge", "InvalidRequest", "none", /EntityTooLarge/],
  ] as const)("%i %s means %s with effect %s, and says what to do", async (status, code, meaning, effect, message) => {
    failNext(s3Refusal(status, code, REGION));
    const error = await refusalOf(put);
    expect(error).toMatchObject({ code: meaning, effect });
    expect(error.message).toMatch(message);
    expect(proxy.seen).toHaveLength(1);
    expect(await stored()).toBeUndefined();
  });

  test("that is lost leaves it open whether it was stored, and is not asked for again", async () => {
    failNext({ kind: "lostReply" });
    expect(await refusalOf(put)).toMatchObject({ code: "StoreUnavailable", effect: "unknown" });
    expect(proxy.seen).toHaveLength(1);
    expect(await stored()).toEqual(utf8("body"));
  });

  test("that never came of a lost request leaves it open too", async () => {
    failNext({ kind: "lostRequest" });
    expect(await refusalOf(put)).toMatchObject({ code: "StoreUnavailable", effect: "unknown" });
    expect(await stored()).toBeUndefined();
  });

  test("that is lost is made good by a repeat of what may be repeated", async () => {
    failNext({ kind: "lostReply" });
    const retrying = new RetryingObjectStore(store, { clock, random: systemRandom });
    expect(await retrying.put("a/b", [utf8("body")], testCall)).toBe("stored");
    expect(proxy.seen).toHaveLength(2);
  });
});

describe("a request that cannot be sent", () => {
  test("to nobody who listens has no effect", async () => {
    const nobody = s3Client(`http://127.0.0.1:${await freePort()}`);
    const unreachable = new S3ObjectStore({ client: nobody, bucket, clock });
    const error = await refusalOf(() => unreachable.put("a/b", [utf8("body")], testCall));
    expect(error).toMatchObject({ code: "StoreUnavailable", effect: "none" });
    expect(error.message).toMatch(/ECONNREFUSED/);
  });

  test("for want of credentials says where they are looked for", async () => {
    const { AWS_EC2_METADATA_DISABLED: metadata, HOME: home } = process.env;
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent" });
    try {
      const anonymous = createS3Client({ region: testAccess.region, endpoint: proxy.url });
      const without = new S3ObjectStore({ client: anonymous, bucket, clock });
      const error = await refusalOf(() => without.get("a/b", testCall));
      expect(error).toMatchObject({ code: "StoreForbidden", effect: "none" });
      expect(error.message).toMatch(/no AWS credentials.*AWS_PROFILE/);
      expect(proxy.seen).toHaveLength(0);
    } finally {
      if (metadata === undefined) delete process.env.AWS_EC2_METADATA_DISABLED;
      process.env.HOME = home;
    }
  });
});

describe("a deadline", () => {
  const callOf = (timeoutMs: number): Call => ({ deadlineMs: clock.monotonicMs() + timeoutMs });

  test("ends a get whose body stalls behind its headers, and its connection", async () => {
    await store.put("a/b", [new Uint8Array(100_000)], testCall);
    const stalled = Promise.withResolvers<void>();
    proxy.fault = () => {
      stalled.resolve();
      return { kind: "stalledBody", afterBytes: 1000 };
    };
    const reading = refusalOf(() => store.get("a/b", callOf(5000)));
    await stalled.promise;
    // Let the headers arrive: the deadline must cover what comes behind them.
    await new Promise((resolve) => setTimeout(resolve, 50));
    clock.advance(5000);
    expect(await reading).toMatchObject({ code: "RequestTimedOut", effect: "unknown" });
    await proxy.givenUp;
  });

  test("that has passed, or a signal that aborted, begins nothing", async () => {
    expect(await refusalOf(() => store.get("a/b", callOf(0)))).toMatchObject({ effect: "none" });
    const call = { ...testCall, signal: AbortSignal.abort() };
    expect(await refusalOf(() => store.get("a/b", call))).toMatchObject({ code: "RequestTimedOut", effect: "none" });
    expect(proxy.seen).toEqual([]);
  });

  test("leaves a put that was begun open", async () => {
    const arrived = Promise.withResolvers<void>();
    proxy.fault = () => {
      arrived.resolve();
      return { kind: "stalledBody", afterBytes: 0 };
    };
    const controller = new AbortController();
    const putting = refusalOf(() => store.put("a/b", [utf8("x")], { ...testCall, signal: controller.signal }));
    await arrived.promise;
    controller.abort();
    expect(await putting).toMatchObject({ code: "RequestTimedOut", effect: "unknown" });
  });
});

describe("a body", () => {
  test("that was damaged on its way is not handed out", async () => {
    await store.put("a/b", [utf8("precious bytes")], testCall);
    failNext({
      kind: "changedBody",
      change: (body) => {
        const damaged = Buffer.from(body);
        damaged[3] = (damaged[3] ?? 0) ^ 1;
        return damaged;
      },
    });
    expect(await refusalOf(() => store.get("a/b", testCall))).toMatchObject({ code: "CorruptObject" });
    expect(await store.get("a/b", testCall)).toEqual(utf8("precious bytes"));
  });

  test("that is cut short is not handed out", async () => {
    await store.put("a/b", [new Uint8Array(10_000)], testCall);
    failNext({ kind: "cutBody", afterBytes: 5000 });
    expect(await refusalOf(() => store.get("a/b", testCall))).toMatchObject({ code: "StoreUnavailable" });
    failNext({ kind: "cutBody", afterBytes: 50 });
    expect(await refusalOf(() => store.get("a/b", testCall, { start: 0, end: 100 }))).toMatchObject({
      code: "StoreUnavailable",
    });
  });
});

describe("a delete", () => {
  const refusing = (keys: readonly string[], code: string): ProxyFault => {
    const errors = keys.map((key) => `<Error><Key>${key}</Key><Code>${code}</Code><Message>no</Message></Error>`);
    const body = `<?xml version="1.0"?><DeleteResult>${errors.join("")}</DeleteResult>`;
    return { kind: "answer", status: 200, body, headers: { "content-type": "application/xml" } };
  };

  test("names the keys that could not be removed", async () => {
    failNext(refusing(["b"], "InternalError"));
    expect(await store.delete(["a", "b", "c"], testCall)).toEqual({ failed: ["b"] });
  });

  test("without the right to delete says so", async () => {
    failNext(refusing(["a", "b"], "AccessDenied"));
    const error = await refusalOf(() => store.delete(["a", "b"], testCall));
    expect(error).toMatchObject({ code: "StoreForbidden", effect: "none" });
    expect(error.message).toContain("s3:DeleteObject");
  });

  test("of nothing asks nothing", async () => {
    expect(await store.delete([], testCall)).toEqual({ failed: [] });
    expect(proxy.seen).toEqual([]);
  });
});

describe("an upload in parts", () => {
  const MIB = 1024 * 1024;
  const parts = [new Uint8Array(9 * MIB).fill(1), new Uint8Array(3 * MIB).fill(2)];
  const upload = () =>
    new S3ObjectStore({ client, bucket, clock, uploadInPartsAboveBytes: MIB }).put("a/b", parts, testCall, {
      ifAbsent: true,
    });
  const isComplete = (request: { operation: string; url: string }) =>
    request.operation === "POST" && request.url.includes("uploadId=");

  test("that loses a part has no effect, and is aborted", async () => {
    proxy.fault = ({ operation }) => (operation === "PUT" ? { kind: "lostReply" } : undefined);
    expect(await refusalOf(upload)).toMatchObject({ code: "StoreUnavailable", effect: "none" });
    expect(proxy.seen.at(-1)?.operation).toBe("DELETE");
    expect(await stored()).toBeUndefined();
  });

  test("whose completion's answer is lost may have happened", async () => {
    proxy.fault = (request) => (isComplete(request) ? { kind: "lostReply" } : undefined);
    expect(await refusalOf(upload)).toMatchObject({ code: "StoreUnavailable", effect: "unknown" });
    expect((await stored())?.byteLength).toBe(12 * MIB);
  });

  test("tells a conflict from an object that exists", async () => {
    proxy.fault = (request) => (isComplete(request) ? s3Refusal(409, "ConditionalRequestConflict") : undefined);
    expect(await refusalOf(upload)).toMatchObject({ code: "StoreConflict", effect: "none" });
    proxy.fault = undefined;
    expect(await upload()).toBe("stored");
    expect(await upload()).toBe("exists");
  });
});
