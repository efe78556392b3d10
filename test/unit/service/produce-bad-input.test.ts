import { beforeEach, describe, expect, test } from "vitest";
import type { LogService } from "../../../lib/api/log-service.ts";
import type { Acks } from "../../../lib/api/record-types.ts";
import { crc32c } from "../../../lib/base/crc32c.ts";
import { requestPartitionsMax } from "../../../lib/base/limits.ts";
import { BATCH_FIELDS, CRC_COVERS_FROM } from "../../../lib/records/batch-header.ts";
import { batchOf, producerOf } from "../../support/log/records-of.ts";
import { settled, TestLog } from "../../support/log/test-log.ts";
import { anyone, brokerOf, codeOf, contentOf } from "../../support/log/test-service.ts";
import { refusalOf } from "../../support/refusal.ts";

let log: TestLog;
let service: LogService;

beforeEach(async () => {
  log = new TestLog();
  ({ service } = await brokerOf(log, { settings: { autoCreateTopics: false } }));
  const configs = { "max.message.bytes": "500" };
  await service.createTopics(anyone, { topics: [{ name: "topic", partitions: 3, configs }] });
});

/** A good batch with some bytes changed; its CRC is made right again where the change is to be seen. */
function changed(change: (view: DataView) => void, reseal = true): Uint8Array {
  const batch = batchOf(["a", "b"], producerOf(1, 0)).slice();
  const view = new DataView(batch.buffer);
  change(view);
  if (reseal) view.setUint32(BATCH_FIELDS.crc, crc32c(batch.subarray(CRC_COVERS_FROM)));
  return batch;
}

const good = batchOf(["good"]);
const F = BATCH_FIELDS;

/** What is wrong, the batch, and Kafka's error for it. */
const badBatches: readonly (readonly [string, Uint8Array, string])[] = [
  ["empty", new Uint8Array(), "CorruptMessage"],
  ["shorter than a header", good.subarray(0, 30), "CorruptMessage"],
  ["cut off", good.subarray(0, good.byteLength - 1), "CorruptMessage"],
  ["followed by more bytes", new Uint8Array([...good, 0]), "CorruptMessage"],
  ["two batches", new Uint8Array([...good, ...good]), "CorruptMessage"],
  ["flipped in one bit", good.with(-1, (good.at(-1) ?? 0) ^ 4), "CorruptMessage"],
  ["with a huge length", changed((view) => view.setInt32(F.batchLength, 2 ** 31 - 1)), "CorruptMessage"],
  ["with a negative length", changed((view) => view.setInt32(F.batchLength, -5)), "CorruptMessage"],
  ["of an old magic", changed((view) => view.setInt8(F.magic, 1)), "InvalidRecord"],
  ["of an unknown magic", changed((view) => view.setInt8(F.magic, 9)), "CorruptMessage"],
  ["without records", changed((view) => view.setInt32(F.recordCount, 0)), "InvalidRecord"],
  ["with a negative count", changed((view) => view.setInt32(F.recordCount, -2)), "InvalidRecord"],
  ["whose count and last offset disagree", changed((view) => view.setInt32(F.recordCount, 3)), "InvalidRecord"],
  [
    "whose header counts more records than it holds",
    changed((view) => {
      view.setInt32(F.recordCount, 1000);
      view.setInt32(F.lastOffsetDelta, 999);
    }),
    "InvalidRecord",
  ],
  [
    "whose header counts fewer records than it holds",
    changed((view) => {
      view.setInt32(F.recordCount, 1);
      view.setInt32(F.lastOffsetDelta, 0);
    }),
    "InvalidRecord",
  ],
  ["with a record of negative length", changed((view) => view.setInt8(61, 1)), "InvalidRecord"],
  ["with a record longer than the batch", changed((view) => view.setInt8(61, 126)), "InvalidRecord"],
  ["of an unknown codec", changed((view) => view.setInt16(F.attributes, 7)), "UnsupportedCompressionType"],
  ["of control records", changed((view) => view.setInt16(F.attributes, 0x20)), "InvalidRecord"],
  ["of a transaction", changed((view) => view.setInt16(F.attributes, 0x10)), "InvalidTxnState"],
  ["that has an offset already", changed((view) => view.setBigInt64(F.baseOffset, 5n)), "InvalidRecord"],
  ["with a negative sequence", changed((view) => view.setInt32(F.baseSequence, -1)), "InvalidRecord"],
  ["with a negative epoch", changed((view) => view.setInt16(F.producerEpoch, -1)), "InvalidProducerEpoch"],
  ["with a number beyond 2^53", changed((view) => view.setBigInt64(F.maxTimestamp, 2n ** 60n)), "CorruptMessage"],
  [
    "with the largest exact time",
    changed((view) => view.setBigInt64(F.maxTimestamp, 2n ** 53n - 1n)),
    "InvalidTimestamp",
  ],
  ["of the largest exact producer", changed((view) => view.setBigInt64(F.producerId, 2n ** 53n - 1n)), "InvalidRecord"],
  ["above the topic's max.message.bytes", batchOf(["x".repeat(500)]), "RecordTooLarge"],
];

describe("a produced batch", () => {
  test.each(badBatches)(
    "%s is refused with Kafka's error, stores nothing and leaves its neighbours alone",
    async (_what, bad, code) => {
      const { partitions } = await service.produce(anyone, {
        acks: -1,
        partitions: [
          { topic: "topic", partition: 0, records: good },
          { topic: "topic", partition: 1, records: bad },
          { topic: "topic", partition: 2, records: good },
        ],
      });
      expect(partitions.map(codeOf)).toEqual(["ok", code, "ok"]);
      for (const part of partitions) if (!part.ok) expect(part.error.effect).toBe("none");
      expect(await contentOf(service, "topic", 1)).toEqual([]);
      expect(await contentOf(service, "topic", 2)).toEqual(["0:good"]);
    },
  );

  test.each([
    ["an unknown topic", "other", 0, "UnknownTopicOrPartition"],
    ["an empty name", "", 0, "InvalidTopic"],
    ["an illegal name", "a/b", 0, "InvalidTopic"],
    ["two dots", "..", 0, "InvalidTopic"],
    ["a name that is too long", "x".repeat(250), 0, "InvalidTopic"],
    ["a name longer than any key", "x".repeat(5000), 0, "InvalidTopic"],
    ["a partition past the last", "topic", 3, "UnknownTopicOrPartition"],
    ["a negative partition", "topic", -1, "UnknownTopicOrPartition"],
    ["a partition that is no whole number", "topic", 0.5, "UnknownTopicOrPartition"],
  ])("for %s is refused, and its neighbour is not", async (_what, topic, partition, code) => {
    const bad = { topic, partition, records: good };
    const { partitions } = await service.produce(anyone, {
      acks: -1,
      partitions: [bad, { topic: "topic", partition: 1, records: good }],
    });
    expect(partitions.map(codeOf)).toEqual([code, "ok"]);
    expect(await service.describeTopics(anyone, {})).toHaveLength(1);
  });

  test("that is bad does not harm good ones for its partition which come at the same time", async () => {
    const bad = changed((view) => view.setBigInt64(F.maxTimestamp, 2n ** 53n - 2n));
    const answers = await Promise.all(
      [good, bad, good].map((records) =>
        service.produce(anyone, { acks: -1, partitions: [{ topic: "topic", partition: 0, records }] }),
      ),
    );
    expect(answers.map(({ partitions }) => codeOf(partitions[0]))).toEqual(["ok", "ok", "ok"]);
  });
});

describe("a produce request", () => {
  const part = { topic: "topic", partition: 0, records: good };

  test.each([
    ["acks that Kafka does not know", { acks: 2 as Acks, partitions: [part] }, "InvalidRequiredAcks"],
    ["one partition twice", { acks: 1 as Acks, partitions: [part, part] }, "InvalidRequest"],
    [
      "more partitions than a request may name",
      {
        acks: 1 as Acks,
        partitions: Array.from({ length: requestPartitionsMax + 1 }, (_, partition) => ({ ...part, partition })),
      },
      "InvalidRequest",
    ],
  ])("with %s is refused as a whole and stores nothing", async (_what, request, code) => {
    expect((await refusalOf(() => service.produce(anyone, request))).code).toBe(code);
    await settled();
    expect(await contentOf(service, "topic")).toEqual([]);
  });

  test("with acks 0 is answered without offsets, before anything is stored, and is stored all the same", async () => {
    const { partitions } = await service.produce(anyone, { acks: 0, partitions: [part] });
    expect(partitions).toMatchObject([{ ok: true, baseOffset: -1 }]);
    await settled();
    expect(await contentOf(service, "topic")).toEqual(["0:good"]);
  });

  test("without partitions is answered without any", async () => {
    expect(await service.produce(anyone, { acks: -1, partitions: [] })).toEqual({ partitions: [] });
  });

  test("for many partitions of a missing topic creates it once", async () => {
    const broker = await brokerOf(log, { settings: { defaultPartitions: 20 } });
    const partitions = Array.from({ length: 20 }, (_, partition) => ({ topic: "fresh", partition, records: good }));
    const reply = await broker.service.produce(anyone, { acks: -1, partitions });
    expect(reply.partitions.every(({ ok }) => ok)).toBe(true);
    const objects = (await log.objects.list("topics/", anyone)).objects.filter(({ key }) =>
      key.endsWith("/topic-0000000001.json"),
    );
    expect(objects).toHaveLength(2);
  });
});
