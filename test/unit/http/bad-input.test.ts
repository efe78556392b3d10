import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../../lib/api/http/frame.ts";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { jsonDepthMax, jsonValuesMax } from "../../../lib/base/limits.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { SmallLog } from "../../support/small-log.ts";
import { jsonOf, type TestApp, testApp } from "./test-app.ts";

const BATCHES = { "content-type": "application/vnd.tidelog.batches" };
const RECORDS = "/v1/topics/t/records";
const READ = "/v1/topics/t/partitions/0/records";

/** Status, code and field of a refusal, and that nothing was stored by it. */
async function refusal(_app: TestApp, answer: Promise<Response>) {
  const response = await answer;
  const { error } = await jsonOf(response);
  expect(Object.keys(error)).toEqual(expect.arrayContaining(["code", "effect", "kafkaCode", "retriable"]));
  return [response.status, error.code, error.details.field] as const;
}

async function appWithTopic(): Promise<TestApp> {
  const app = testApp({ log: new SmallLog(false) });
  await app.send("POST", "/v1/topics", { name: "t", partitions: 1 });
  return app;
}

describe("a bad record in JSON names the field", () => {
  test.each<[string, unknown, string]>([
    ["no value", {}, "body.value"],
    ["an unknown field", { value: "v", partition: 1 }, "body.partition"],
    ["an unknown field of a value", { value: { type: "STRING", data: "v", extra: 1 } }, "body.value.extra"],
    ["an unknown type", { value: { type: "AVRO", data: "v" } }, "body.value.type"],
    ["data of the wrong type", { value: { type: "STRING", data: 5 } }, "body.value.data"],
    ["no data", { value: { type: "JSON" } }, "body.value.data"],
    ["bad base64", { value: { type: "BINARY", data: "a*b=" } }, "body.value.data"],
    ["base64 without padding", { value: { type: "BINARY", data: "QQ" } }, "body.value.data"],
    ["a number as value", { value: 5 }, "body.value"],
    ["a header that is not base64", { value: "v", headers: [{ name: "h", value: "?" }] }, "body.headers[0].value"],
    ["a partition that is no number", { value: "v", partition_id: "x" }, "body.partition_id"],
    ["a fractional partition", { value: "v", partition_id: 0.5 }, "body.partition_id"],
    ["a time that is none", { value: "v", timestamp: "yesterday" }, "body.timestamp"],
    ["a negative time", { value: "v", timestamp: -2 }, "body.timestamp"],
    ["an empty list", { records: [] }, "body.records"],
    ["a bad record in a list", { records: [{ value: "a" }, { value: 1 }] }, "body.records[1].value"],
    ["a list that is none", { records: "all" }, "body.records"],
    ["no object at all", [1], "body"],
  ])("%s", async (_, body, field) => {
    const app = await appWithTopic();
    expect(await refusal(app, app.send("POST", RECORDS, body))).toEqual([400, "InvalidRequest", field]);
    expect((await jsonOf(app.send("GET", READ))).highWatermark).toBe(0);
  });

  test("and says what was expected and what came", async () => {
    const { send } = await appWithTopic();
    const { error } = await jsonOf(send("POST", RECORDS, { value: "v", partition_id: "x" }));
    expect(error.message).toBe('body.partition_id: expected a whole number, got "x"');
    expect(error.details).toMatchObject({ expected: "a whole number", actual: '"x"' });
  });

  test("and does not count what it refuses among what it takes", async () => {
    const { send } = await appWithTopic();
    const { error } = await jsonOf(send("GET", `${READ}?maxBytes=0`));
    expect(error.message).toBe("query.maxBytes: expected more than 0, got 0");
  });
});

describe("a JSON body that takes more to take apart than its bytes tell", () => {
  const JSON_BODY = { "content-type": "application/json" };
  const nested = (levels: number) =>
    `{"value":{"type":"JSON","data":${"[".repeat(levels - 2)}${"]".repeat(levels - 2)}}}`;

  test.each([jsonDepthMax + 1, 5000, 1_000_000])("by %i levels of nesting is refused", async (levels) => {
    const app = await appWithTopic();
    const answer = app.send("POST", RECORDS, utf8(nested(levels)), JSON_BODY);
    expect(await refusal(app, answer)).toEqual([400, "InvalidRequest", "body"]);
    expect((await jsonOf(app.send("GET", READ))).highWatermark).toBe(0);
  });

  test("by its number of values is refused", async () => {
    const app = await appWithTopic();
    const records = Array(jsonValuesMax / 2).fill('{"value":""}');
    const answer = app.send("POST", RECORDS, utf8(`{"records":[${records}]}`), JSON_BODY);
    expect((await refusal(app, answer)).slice(0, 2)).toEqual([413, "RequestTooLarge"]);
    expect((await jsonOf(app.send("GET", READ))).highWatermark).toBe(0);
  });

  test("is taken at the limit, and brackets within strings do not count", async () => {
    const { send } = await appWithTopic();
    expect((await send("POST", RECORDS, utf8(nested(jsonDepthMax)), JSON_BODY)).status).toBe(200);
    expect((await jsonOf(send("POST", RECORDS, { value: `"\\${"[,".repeat(jsonDepthMax + 1)}` }))).offset).toBe(1);
  });
});

describe("a bad body", () => {
  test.each<[string, string | Uint8Array, Record<string, string>, number, string]>([
    ["that is not JSON", "{value", { "content-type": "application/json" }, 400, "InvalidRequest"],
    ["that is not UTF-8", new Uint8Array([0xff]), { "content-type": "application/json" }, 400, "InvalidRequest"],
    ["without a content type", new Uint8Array([1]), {}, 415, "UnsupportedMediaType"],
    ["of a form", "a=b", { "content-type": "application/x-www-form-urlencoded" }, 415, "UnsupportedMediaType"],
    [
      "that is compressed",
      "x",
      { "content-type": "application/json", "content-encoding": "gzip" },
      415,
      "UnsupportedMediaType",
    ],
    ["that is no frame", "x", BATCHES, 400, "InvalidRequest"],
  ])("%s is refused", async (_, body, headers, status, code) => {
    const app = await appWithTopic();
    expect((await refusal(app, app.send("POST", RECORDS, body, headers))).slice(0, 2)).toEqual([status, code]);
  });

  test("above the limit is refused by its declared length before it is read, and while it streams", async () => {
    const app = testApp({ bodyBytesMax: 1000 });
    const declared = await app.send("POST", RECORDS, "x", {
      "content-type": "application/json",
      "content-length": "1001",
    });
    expect(declared.status).toBe(413);
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(400));
      },
    });
    const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json" } } as const;
    const streamed = await app.app.fetch(new Request(`http://localhost${RECORDS}`, init));
    expect([streamed.status, (await jsonOf(streamed)).error.code]).toEqual([413, "RequestTooLarge"]);
    expect(pulled).toBeLessThan(6);
  });

  test("that finds no room beside the others is answered 503 with Retry-After, and fits when they are done", async () => {
    const log = new SmallLog();
    const app = testApp({ log, bodyBytesMax: 1000, bodiesBytesMax: 1000 });
    const record = { value: "x".repeat(600) };
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    log.gate = () => gate;
    const first = app.send("POST", RECORDS, record);
    await new Promise((resolve) => setImmediate(resolve));
    const second = await app.send("POST", RECORDS, record);
    expect([second.status, second.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await jsonOf(second)).error).toMatchObject({ code: "Overloaded", retriable: true, effect: "none" });
    open();
    expect((await first).status).toBe(200);
    expect((await app.send("POST", RECORDS, record)).status).toBe(200);
  });
});

describe("a bad frame", () => {
  const batch = encodeUncompressedBatch([{ key: null, value: utf8("v"), headers: [], timestampMs: 1 }]);
  const flipped = batch.slice();
  flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;

  test.each<[string, object, Uint8Array]>([
    ["with an unknown field", { acks: 1, more: 1, partitions: [] }, new Uint8Array(0)],
    ["with a negative length", { acks: 1, partitions: [{ topic: "t", partition: 0, bytes: -1 }] }, batch],
    ["with a huge length", { acks: 1, partitions: [{ topic: "t", partition: 0, bytes: 2 ** 40 }] }, batch],
    ["with acks that Kafka does not know", { acks: 2, partitions: [] }, new Uint8Array(0)],
    ["that is longer than it says", { acks: 1, partitions: [{ topic: "t", partition: 0, bytes: 3 }] }, batch],
  ])("%s is refused as a whole", async (_, header, payload) => {
    const app = await appWithTopic();
    const body = concatBytes(encodeFrame(header, [payload]));
    expect((await refusal(app, app.send("POST", "/v1/produce", body, BATCHES))).slice(0, 2)).toEqual([
      400,
      "InvalidRequest",
    ]);
    expect((await jsonOf(app.send("GET", READ))).highWatermark).toBe(0);
  });

  test("whose header is nested without end is refused", async () => {
    const header = utf8(`{"partitions":${"[".repeat(5000)}${"]".repeat(5000)}}`);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, header.byteLength);
    const app = await appWithTopic();
    const answer = app.send("POST", "/v1/produce", concatBytes([length, header]), BATCHES);
    expect(await refusal(app, answer)).toEqual([400, "InvalidRequest", "header"]);
  });

  test("with a damaged batch refuses that partition alone", async () => {
    const app = testApp();
    await app.send("POST", "/v1/topics", { name: "t", partitions: 2 });
    const partitions = [0, 1].map((partition) => ({ topic: "t", partition, bytes: batch.byteLength }));
    const body = concatBytes(encodeFrame({ acks: -1, partitions }, [flipped, batch]));
    const answer = await jsonOf(app.send("POST", "/v1/produce", body, BATCHES));
    expect(answer.partitions[0].error).toMatchObject({ code: "CorruptMessage", kafkaCode: 2 });
    expect(answer.partitions[1]).toMatchObject({ ok: true, baseOffset: 0 });
  });
});

describe("a bad query or address", () => {
  test.each([
    ["?offset=abc", "query.offset"],
    ["?offset=-1", "query.offset"],
    ["?offset=1.5", "query.offset"],
    ["?offset=99999999999999999999", "query.offset"],
    ["?maxWaitMs=soon", "query.maxWaitMs"],
    ["?maxWaitMs=20001", "query.maxWaitMs"],
    ["?maxBytes=0", "query.maxBytes"],
    ["?maxBytes=", "query.maxBytes"],
    ["?max=1", "query.max"],
    ["?offset=1&offset=2", "query.offset"],
  ])("%s names the field", async (query, field) => {
    const app = await appWithTopic();
    expect(await refusal(app, app.send("GET", READ + query))).toEqual([400, "InvalidRequest", field]);
  });

  test.each<[string, string, number, string]>([
    ["GET", "/v1/topics/none", 404, "UnknownTopicOrPartition"],
    ["POST", "/v1/topics/none/records", 404, "UnknownTopicOrPartition"],
    ["GET", "/v1/topics/t/partitions/7/records", 404, "UnknownTopicOrPartition"],
    ["GET", "/v1/topics/t/partitions/x/records", 400, "InvalidRequest"],
    ["GET", `${READ}?offset=5`, 416, "OffsetOutOfRange"],
    ["GET", "/v2/topics", 404, "NotFound"],
    ["GET", "/metrics", 404, "NotFound"],
    ["PUT", "/v1/topics", 405, "MethodNotAllowed"],
    ["DELETE", "/v1/produce", 405, "MethodNotAllowed"],
    ["POST", "/healthz", 405, "MethodNotAllowed"],
  ])("%s %s is %i %s", async (method, path, status, code) => {
    const app = await appWithTopic();
    const body = method === "POST" && path.endsWith("records") ? { value: "v" } : undefined;
    expect((await refusal(app, app.send(method, path, body))).slice(0, 2)).toEqual([status, code]);
  });

  test("a wrong method is told the right ones", async () => {
    expect((await testApp().send("PUT", "/v1/topics")).headers.get("allow")).toBe("GET, POST, HEAD");
  });

  test("an illegal topic name and a topic that exists are the service's refusals with their statuses", async () => {
    const { send } = await appWithTopic();
    expect((await send("POST", "/v1/topics", { name: "a/b" })).status).toBe(400);
    expect((await send("POST", "/v1/topics", { name: "t" })).status).toBe(409);
    expect((await send("GET", "/v1/topics/a%2Fb")).status).toBe(404);
  });
});

describe("what the service throws", () => {
  test.each<[LogError, number, string | null]>([
    [new LogError("StoreThrottled", "slow down", { retryAfterMs: 2500 }), 429, "3"],
    [new LogError("Overloaded", "full"), 503, "1"],
    [new LogError("StoreFull", "disk full"), 507, null],
    [new LogError("OutcomeUnknown", "?", { effect: "unknown" }), 504, null],
  ])("%s comes out whole", async (error, status, retryAfter) => {
    const { log, send } = testApp();
    log.failure = error;
    const response = await send("GET", "/v1/topics");
    expect([response.status, response.headers.get("retry-after")]).toEqual([status, retryAfter]);
    const { code, effect, message } = error;
    expect((await jsonOf(response)).error).toMatchObject({ code, effect, message });
  });

  test("a fault of our own shows nothing of its inside, and names the request", async () => {
    const { log, send } = testApp();
    log.failure = new TypeError("secret inside");
    const response = await send("GET", "/v1/topics", undefined, { "x-request-id": "r-1" });
    const text = await response.text();
    expect([response.status, response.headers.get("x-request-id")]).toEqual([500, "r-1"]);
    expect(text).not.toContain("secret");
    expect(text).toContain("r-1");
  });
});
