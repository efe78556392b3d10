import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFetchReply } from "../../../lib/api/http/fetch-frame.ts";
import { encodeFrame } from "../../../lib/api/http/frame.ts";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { partitionForKey } from "../../../lib/records/partitioner.ts";
import { placeBatch } from "../../../lib/records/place-batch.ts";
import { jsonOf, testApp } from "./test-app.ts";

const TYPE = "application/vnd.tidelog.batches";

describe("records in JSON", () => {
  test("one record answers its topic, partition, offset and timestamp", async () => {
    const { send } = testApp();
    const response = await send("POST", "/v1/topics/t/records", { value: "hello", timestamp: 5, partition_id: 1 });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ topic: "t", partition: 1, offset: 0, timestamp: 5 });
  });

  test("a list answers an entry per record, in the request's order", async () => {
    const { send } = testApp();
    const records = [0, 1, 0].map((partition_id, index) => ({ partition_id, value: `v${index}`, timestamp: index }));
    const answer = await jsonOf(send("POST", "/v1/topics/t/records", { records }));
    expect(answer.records).toEqual([
      { topic: "t", partition: 0, offset: 0, timestamp: 0 },
      { topic: "t", partition: 1, offset: 0, timestamp: 1 },
      { topic: "t", partition: 0, offset: 1, timestamp: 2 },
    ]);
  });

  test("a key chooses the partition that Kafka's clients choose", async () => {
    const { send } = testApp();
    for (const key of ["a", "b", "c", "d", "e"]) {
      const { partition } = await jsonOf(send("POST", "/v1/topics/t/records", { key, value: "v" }));
      expect(partition).toBe(partitionForKey(utf8(key), 2));
    }
  });

  test("what was read can be sent again and reads the same", async () => {
    const data = fc.oneof(
      fc.constant(null),
      fc.string({ unit: "grapheme" }),
      fc
        .uint8Array({ maxLength: 40 })
        .map((bytes) => ({ type: "BINARY", data: Buffer.from(bytes).toString("base64") })),
      fc.string().map((text) => ({ type: "STRING", data: text })),
      fc.jsonValue().map((value) => ({ type: "JSON", data: value })),
    );
    const header = fc.record({ name: fc.string(), value: fc.constantFrom(null, "", "AAE=") });
    const record = fc.record({ key: data, value: data, headers: fc.array(header, { maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 5 }), async (records) => {
        const { send } = testApp();
        const sent = records.map((one) => ({ ...one, partition_id: 0, timestamp: 1 }));
        expect((await send("POST", "/v1/topics/a/records", { records: sent })).status).toBe(200);
        const first = (await jsonOf(send("GET", "/v1/topics/a/partitions/0/records"))).records;
        expect(first).toHaveLength(records.length);
        const again = first.map(({ offset: _, ...rest }: { offset: number }) => ({ ...rest, partition_id: 0 }));
        await send("POST", "/v1/topics/b/records", { records: again });
        expect((await jsonOf(send("GET", "/v1/topics/b/partitions/0/records"))).records).toEqual(first);
      }),
      { numRuns: 40 },
    );
  });

  test("text reads as STRING, other bytes as BINARY, null as null, JSON as the text it was sent as", async () => {
    const { send } = testApp();
    const values = ["x", { type: "BINARY", data: "/w==" }, null, { type: "JSON", data: { a: [1] } }];
    const records = values.map((value) => ({ value, partition_id: 0 }));
    await send("POST", "/v1/topics/t/records", { records });
    const answer = await jsonOf(send("GET", "/v1/topics/t/partitions/0/records"));
    expect(answer.records.map((record: { value: unknown }) => record.value)).toEqual([
      { type: "STRING", data: "x" },
      { type: "BINARY", data: "/w==" },
      null,
      { type: "STRING", data: '{"a":[1]}' },
    ]);
  });

  test("reading starts within a batch, at the beginning or at the end, and says where to read on", async () => {
    const { send } = testApp();
    const records = ["a", "b", "c"].map((value) => ({ value, partition_id: 0 }));
    await send("POST", "/v1/topics/t/records", { records });
    const read = async (offset: string | number) => {
      const answer = await jsonOf(send("GET", `/v1/topics/t/partitions/0/records?offset=${offset}`));
      return { next: answer.nextOffset, offsets: answer.records.map((record: { offset: number }) => record.offset) };
    };
    expect(await read(1)).toEqual({ next: 3, offsets: [1, 2] });
    expect(await read("earliest")).toEqual({ next: 3, offsets: [0, 1, 2] });
    expect(await read("latest")).toEqual({ next: 3, offsets: [] });
  });

  test("records beyond the topic's batch limit go in several batches, in order", async () => {
    const { send } = testApp();
    await send("POST", "/v1/topics", { name: "t", configs: { "max.message.bytes": "300" } });
    const records = Array.from({ length: 20 }, (_, index) => ({ value: `${index}`.padStart(50, "x") }));
    const answer = await jsonOf(send("POST", "/v1/topics/t/records", { records }));
    expect(answer.records.map((record: { offset: number }) => record.offset)).toEqual([...records.keys()]);
  });

  test("a record that is too large fails alone in its partition's order; those before it are stored", async () => {
    const { send } = testApp();
    await send("POST", "/v1/topics", { name: "t", partitions: 2, configs: { "max.message.bytes": "300" } });
    const values: [number, string][] = [
      [0, "a"],
      [0, "x".repeat(500)],
      [0, "c"],
      [1, "d"],
    ];
    const records = values.map(([partition_id, value]) => ({ partition_id, value }));
    const response = await send("POST", "/v1/topics/t/records", { records });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { records: { offset?: number; error?: { code: string } }[] };
    expect(answer.records.map((record) => record.error?.code ?? record.offset)).toEqual([
      0,
      "RecordTooLarge",
      "OperationNotAttempted",
      0,
    ]);
  });

  test("a request of which nothing was stored has its first error's status", async () => {
    const { send } = testApp();
    const one = await send("POST", "/v1/topics/t/records", { value: "v", partition_id: 9 });
    expect(one.status).toBe(404);
    expect((await jsonOf(one)).error.code).toBe("UnknownTopicOrPartition");
    const list = await send("POST", "/v1/topics/t/records", { records: [{ value: "v", partition_id: 9 }] });
    expect(list.status).toBe(404);
    expect((await jsonOf(list)).records[0].error.code).toBe("UnknownTopicOrPartition");
  });
});

describe("records in batches", () => {
  test("batches go in and come out unchanged but for their offset", async () => {
    const { send } = testApp();
    await send("POST", "/v1/topics", { name: "t", partitions: 2 });
    const batch = encodeUncompressedBatch([{ key: null, value: utf8("v"), headers: [], timestampMs: 1 }]);
    const partitions = [{ partition: 1, bytes: batch.byteLength }];
    const body = concatBytes(encodeFrame({ partitions }, [batch]));
    const produced = await send("POST", "/v1/topics/t/records", body, { "content-type": TYPE });
    expect((await jsonOf(produced)).partitions[0]).toMatchObject({ topic: "t", partition: 1, ok: true, baseOffset: 0 });
    const read = await send("GET", "/v1/topics/t/partitions/1/records?offset=0", undefined, { accept: TYPE });
    expect(read.headers.get("content-type")).toBe(TYPE);
    const [result] = decodeFetchReply(new Uint8Array(await read.arrayBuffer())).partitions;
    expect(result?.ok === true && result.records).toEqual([placeBatch(batch, 0, 0)]);
  });
});
