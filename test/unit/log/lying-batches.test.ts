import { describe, expect, test } from "vitest";
import { utf8, viewOf } from "../../../lib/base/bytes.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import type { Compression } from "../../../lib/base/compression.ts";
import { decompressedBytesMax, stampAgeMsMax } from "../../../lib/base/limits.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { offsetForTime, offsetOfNewest } from "../../../lib/log/read/offset-for-time.ts";
import { readLog } from "../../../lib/log/read/read-log.ts";
import { alterTopicConfigs } from "../../../lib/log/topics/change-topic.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { BATCH_FIELDS, BATCH_HEADER_BYTES, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { decodeBatch } from "../../../lib/records/decode-batch.ts";
import { encodeBatch } from "../../../lib/records/encode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { sealBatch } from "../../../lib/records/write-header.ts";
import { batchOf } from "../../support/log/records-of.ts";
import { indexOf, rollAll } from "../../support/log/segments-of.ts";
import { TestLog } from "../../support/log/test-log.ts";
import { anyone, brokerOf, codeOf, produceTo } from "../../support/log/test-service.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const codecs = synchronousCodecs();

function keyed(values: readonly string[], timestampMs: number, compression: Compression = "gzip") {
  const records = values.map((value) => ({ key: utf8("key"), value: utf8(value), headers: [], timestampMs }));
  return encodeBatch({ records, compression, codecs });
}

/** A compressed batch of three records, whose CRC is right, and whose header tells of another number of them. */
async function counting(recordCount: number): Promise<Uint8Array> {
  const batch = (await keyed(["a", "b", "c"], 5000)).slice();
  viewOf(batch).setInt32(BATCH_FIELDS.recordCount, recordCount);
  viewOf(batch).setInt32(BATCH_FIELDS.lastOffsetDelta, recordCount - 1);
  return sealBatch(batch);
}

/** Three records, the last of which claims an offset far outside of the batch. */
async function straying(): Promise<Uint8Array> {
  const plain = (await keyed(["a", "b", "c"], 5000, "none")).slice();
  // Length, attributes, timestamp delta: a byte each before the offset delta, which is doubled.
  const recordBytes = (plain.byteLength - BATCH_HEADER_BYTES) / 3;
  plain[BATCH_HEADER_BYTES + 2 * recordBytes + 3] = 120;
  const content = await codecs.compress("gzip", plain.subarray(BATCH_HEADER_BYTES));
  const batch = new Uint8Array([...plain.subarray(0, BATCH_HEADER_BYTES), ...content]);
  viewOf(batch).setInt32(BATCH_FIELDS.batchLength, batch.byteLength - 12);
  viewOf(batch).setInt16(BATCH_FIELDS.attributes, 1);
  return sealBatch(batch);
}

/** Content that no codec has written. */
async function garbled(): Promise<Uint8Array> {
  return sealBatch((await keyed(["a", "b", "c"], 5000)).slice().fill(7, BATCH_HEADER_BYTES));
}

const lies = [
  ["counts more records than it holds", () => counting(5)],
  ["counts fewer records than it holds", () => counting(2)],
  ["counts millions of records", () => counting(9_000_000)],
  ["holds a record with an offset that is not its own", straying],
  ["does not decompress", garbled],
] as const;

const decode = (batch: Uint8Array) => decodeBatch(batch, { codecs, decompressedBytesMax: 1e6, verifyCrc: true });

test("a compressed batch that counts more records than anybody could read is refused", async () => {
  const { service } = await brokerOf(new TestLog());
  await service.createTopics(anyone, { topics: [{ name: "topic" }] });
  const [fits, tooMany] = [Math.floor(decompressedBytesMax / 7), Math.floor(decompressedBytesMax / 7) + 1];
  expect(codeOf(await produceTo(service, "topic", 0, await counting(tooMany)))).toBe("InvalidRecord");
  expect(codeOf(await produceTo(service, "topic", 0, await counting(fits)))).toBe("ok");
});

describe.each(lies)("a compressed batch that %s", (_what, make) => {
  /** A batch before it and one behind it, and a last one. */
  async function logWithIt() {
    const log = new TestLog();
    const { service } = await brokerOf(log);
    await service.createTopics(anyone, { topics: [{ name: "topic" }] });
    const engine = log.engine();
    const topic = await engine.catalog.findNow("topic", testCall);
    if (topic === undefined) throw new Error("no topic");
    const batch = await make();
    for (const records of [await keyed(["before"], 1000), batch, await keyed(["behind"], 9000), batchOf(["last"])]) {
      expect(codeOf(await produceTo(service, "topic", 0, records))).toBe("ok");
      await rollAll(engine, { topicId: topic.topicId, partition: 0 });
    }
    const { recordCount } = readBatchHeader(batch);
    return { log, engine, topic, ref: { topicId: topic.topicId, partition: 0 }, recordCount };
  }

  const batchesFrom = async (engine: LogEngine, ref: PartitionRef, offset: number) =>
    splitBatches(
      new Uint8Array(Buffer.concat((await readLog(engine.context, ref, { offset, bytesMax: 1e6 }, testCall)).parts)),
    );

  test("is refused by a compacted topic, which has to look into it", async () => {
    const { service } = await brokerOf(new TestLog());
    const configs = { "cleanup.policy": "compact" };
    await service.createTopics(anyone, { topics: [{ name: "topic", configs }] });
    expect(codeOf(await produceTo(service, "topic", 0, await make()))).toMatch(/CorruptMessage|InvalidRecord/);
    expect(codeOf(await produceTo(service, "topic", 0, await keyed(["sound"], 1000)))).toBe("ok");
  });

  test("is a clear error to who reads it, and to nobody else", async () => {
    const { engine, ref, recordCount } = await logWithIt();
    const [first, second, third] = await batchesFrom(engine, ref, 0);
    expect(await decode(first as Uint8Array)).toMatchObject([{ offset: 0 }]);
    expect((await refusalOf(() => decode(second as Uint8Array))).code).toBe("CorruptMessage");
    expect(await decode(third as Uint8Array)).toMatchObject([{ offset: 1 + recordCount }]);
  });

  test("stands in time queries for its first offset and its newest time", async () => {
    const { engine, ref, recordCount } = await logWithIt();
    const offsetAt = (timestamp: number) => offsetForTime(engine.context, ref, timestamp, testCall);
    expect(await offsetAt(1000)).toMatchObject({ offset: 0 });
    expect(await offsetAt(3000)).toEqual({ offset: 1, timestamp: 5000 });
    expect(await offsetAt(6000)).toMatchObject({ offset: 1 + recordCount });
    expect(await offsetAt(9001)).toBeUndefined();
    expect(await offsetOfNewest(engine.context, ref, testCall)).toMatchObject({ offset: 1 + recordCount });
  });

  test("is left alone by a compaction that comes to it later, and takes no other's record with it", async () => {
    const { log, engine, topic, ref } = await logWithIt();
    const before = (await indexOf(log, ref)).map(({ base, kind }) => `${base} ${kind}`);
    const alteration = { set: { "cleanup.policy": "compact" }, remove: [] };
    const { configs } = await alterTopicConfigs(engine.context, topic, alteration, testCall);
    log.clock.advance(stampAgeMsMax + 1);
    const compacted = await engine.upkeep.compact(ref, effectiveConfigs(configs, {}), testCall);
    expect(compacted).toMatchObject({ complete: false });
    expect(log.counts.get("log.segment.damaged")).toBe(1);
    const after = (await indexOf(log, ref)).map(({ base, kind }) => `${base} ${kind}`);
    expect(after.slice(1)).toEqual(before.slice(1));
  });
});
