import { describe, expect, test } from "vitest";
import type { TopicResult } from "../../../lib/api/topic-types.ts";
import { checkTopicConfigs, effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { readBatchHeader, timestampTypeOf } from "../../../lib/records/batch-header.ts";
import { checkBatchCrc } from "../../../lib/records/check-batch.ts";
import { decodeUncompressedBatch } from "../../../lib/records/decode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { batchOf, producerOf } from "../../support/log/records-of.ts";
import { TestLog } from "../../support/log/test-log.ts";
import { anyone, brokerOf, codeOf, produceTo } from "../../support/log/test-service.ts";
import { refusalOf } from "../../support/refusal.ts";

const DAY_MS = 86_400_000;

describe("topic configs", () => {
  test("have Kafka's defaults", () => {
    expect(effectiveConfigs({}, {})).toEqual({
      cleanup: { delete: true, compact: false },
      deleteRetentionMs: DAY_MS,
      messageBytesMax: 1_048_588,
      stampsAppendTime: false,
      minCompactionLagMs: 0,
      minDirtyRatio: 0.5,
      retentionBytes: Number.POSITIVE_INFINITY,
      retentionMs: 7 * DAY_MS,
      segmentBytes: 1_073_741_824,
      segmentMs: 7 * DAY_MS,
    });
  });

  test("of the topic go before those of the server", () => {
    const server = { "retention.ms": "1000", "cleanup.policy": "compact" };
    expect(effectiveConfigs({ "retention.ms": "-1" }, server)).toMatchObject({
      retentionMs: Number.POSITIVE_INFINITY,
      cleanup: { delete: false, compact: true },
    });
    expect(effectiveConfigs({ "cleanup.policy": "compact,delete" }, server)).toMatchObject({
      retentionMs: 1000,
      cleanup: { delete: true, compact: true },
    });
  });

  test.each([
    ["cleanup.policy", "compress"],
    ["cleanup.policy", ""],
    ["cleanup.policy", "delete,delete"],
    ["retention.bytes", "0"],
    ["retention.bytes", "-2"],
    ["retention.ms", "-2"],
    ["segment.bytes", "0"],
    ["segment.bytes", "-1"],
    ["segment.ms", "0"],
    ["segment.ms", "-1"],
    ["segment.ms", "1.5"],
    ["min.compaction.lag.ms", "-1"],
    ["min.cleanable.dirty.ratio", "1.01"],
    ["min.cleanable.dirty.ratio", "-0.5"],
    ["min.cleanable.dirty.ratio", "."],
    ["min.cleanable.dirty.ratio", "half"],
    ["delete.retention.ms", "soon"],
    ["message.timestamp.type", "createtime"],
    ["max.message.bytes", "0"],
    ["max.message.bytes", "-1"],
  ])("%s=%s is refused, and the error names both", async (name, value) => {
    const refusal = await refusalOf(async () => checkTopicConfigs({ [name]: value }));
    expect(refusal).toMatchObject({ code: "InvalidConfig", details: { name, value } });
  });

  test("that keep less than one segment are refused where both were asked for", async () => {
    const both = { "retention.bytes": "1000", "segment.bytes": "1001" };
    expect((await refusalOf(async () => checkTopicConfigs(both))).details).toEqual(both);
    checkTopicConfigs({ "retention.bytes": "1000" });
    checkTopicConfigs({ "retention.bytes": "-1", "segment.bytes": "1001" });
  });

  test("that contradict each other are refused of a server's defaults as well", async () => {
    const topicDefaults = { "retention.ms": "1000", "segment.ms": "1001" };
    const refusal = await refusalOf(() => brokerOf(new TestLog(), { settings: { topicDefaults } }));
    expect(refusal).toMatchObject({ code: "InvalidConfig", details: topicDefaults });
  });

  test("that would contradict each other only together with what is set already are refused, and nothing changes", async () => {
    const { service } = await brokerOf(new TestLog());
    await service.createTopics(anyone, { topics: [{ name: "t", configs: { "segment.ms": "5000" } }] });
    const alter = (value: string) =>
      service.alterConfigs(anyone, { topics: [{ name: "t", set: { "retention.ms": value } }] });
    expect((await alter("4999"))[0]).toMatchObject({ ok: false, error: { code: "InvalidConfig" } });
    expect(await entryOf(service.describeConfigs(anyone, { topics: ["t"] }), "retention.ms")).toMatchObject({
      source: "default",
    });
    expect(await entryOf(alter("5000"), "retention.ms")).toEqual({
      name: "retention.ms",
      value: "5000",
      source: "topic",
    });
  });
});

describe("a live topic", () => {
  test("stamps what it appends from the moment on at which its timestamp type says so", async () => {
    const log = new TestLog();
    const { service } = await brokerOf(log);
    await service.createTopics(anyone, { topics: [{ name: "t" }] });
    expect(await produceTo(service, "t", 0, batchOf(["own time"]))).toMatchObject({ ok: true, appendTimeMs: -1 });
    const set = { "message.timestamp.type": "LogAppendTime" };
    await service.alterConfigs(anyone, { topics: [{ name: "t", set }] });
    const appended = await produceTo(service, "t", 0, batchOf(["log's time", "too"]));
    const now = log.runtime().clock.nowMs();
    expect(appended).toMatchObject({ ok: true, baseOffset: 1, appendTimeMs: now });
    const { partitions } = await service.fetch(anyone, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 10_000,
      isolation: "read_uncommitted",
      partitions: [{ topic: "t", partition: 0, offset: 0, maxBytes: 10_000 }],
    });
    const fetched = partitions[0]?.ok === true ? partitions[0].records : [];
    const batches = splitBatches(new Uint8Array(Buffer.concat(fetched)));
    expect(batches.map((batch) => timestampTypeOf(readBatchHeader(batch)))).toEqual(["CreateTime", "LogAppendTime"]);
    for (const batch of batches) checkBatchCrc(batch, readBatchHeader(batch));
    const times = batches.flatMap((batch) => [...decodeUncompressedBatch(batch, { verifyCrc: true })]);
    expect(times.map(({ timestampMs }) => timestampMs)).toEqual([1000, now, now]);
  });

  test("that stamps tells a repeated batch from a new one all the same", async () => {
    const { service } = await brokerOf(new TestLog(), {
      settings: { topicDefaults: { "message.timestamp.type": "LogAppendTime" } },
    });
    await service.createTopics(anyone, { topics: [{ name: "t" }] });
    const batch = batchOf(["once"], producerOf(7, 0));
    const first = await produceTo(service, "t", 0, batch);
    const again = await produceTo(service, "t", 0, batch);
    expect([first, again]).toMatchObject([{ baseOffset: 0 }, { baseOffset: 0, appendTimeMs: -1 }]);
  });

  test("refuses records without a key once it is compacted, as Kafka does", async () => {
    const { service } = await brokerOf(new TestLog());
    await service.createTopics(anyone, { topics: [{ name: "t" }] });
    expect(codeOf(await produceTo(service, "t", 0, batchOf(["no key"])))).toBe("ok");
    await service.alterConfigs(anyone, { topics: [{ name: "t", set: { "cleanup.policy": "compact" } }] });
    const refused = await produceTo(service, "t", 0, batchOf(["no key"]));
    expect(refused).toMatchObject({ ok: false, error: { code: "InvalidRecord", kafkaCode: 87 } });
  });
});

async function entryOf(
  answer: Promise<readonly TopicResult<{ entries: readonly { name: string }[] }>[]>,
  name: string,
) {
  const [result] = await answer;
  return result?.ok === true ? result.entries.find((entry) => entry.name === name) : result;
}
