import { DeleteObjectsCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DynamoItemStore } from "../../lib/adapters/aws/dynamo-item-store.ts";
import { S3ObjectStore } from "../../lib/adapters/aws/s3-object-store.ts";
import { StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import type { LogService } from "../../lib/api/log-service.ts";
import type { FetchReply, SegmentAddress } from "../../lib/api/record-types.ts";
import { present } from "../../lib/base/assert.ts";
import { HttpLogService } from "../../lib/client/http-log-service.ts";
import { Tidelog } from "../../lib/client/index.ts";
import { createHttpApp } from "../../lib/http/app.ts";
import { billedLogSettings } from "../../lib/log/log-settings.ts";
import { rollPartition } from "../../lib/log/roll/roll-partition.ts";
import { spill } from "../../lib/log/spill.ts";
import type { Broker } from "../../lib/service/broker.ts";
import { createBucket, createTable, dynamoClient, s3Client } from "../support/aws-stores.ts";
import { refusalOf } from "../support/refusal.ts";
import { contextWithin, countingRuntime, openTestBroker } from "../support/test-broker.ts";

const MIB = 1024 * 1024;
const COUNT = 24;
const VALUE_BYTES = 150_000;
const runtime = countingRuntime();
const sent = Array.from({ length: COUNT }, (_, index) => `${index}:`.padEnd(VALUE_BYTES, "z"));

let s3: S3Client;
let bucket: string;
let broker: Broker;
let counter: StoreCounter;

beforeAll(async () => {
  s3 = s3Client();
  bucket = await createBucket();
  counter = new StoreCounter();
  const { clock, random } = runtime;
  const items = new DynamoItemStore({ client: dynamoClient(), table: await createTable(), clock, random });
  const objects = new S3ObjectStore({ client: s3, bucket, clock });
  const settings = { log: billedLogSettings, readUrls: true };
  broker = await openTestBroker({ objects, items, counter, runtime, settings });
  await fill("t");
});
afterAll(async () => {
  await broker.close();
  s3.destroy();
});

/** A topic whose 3.6 MB lie in two segments, but for the last record. */
async function fill(topic: string): Promise<void> {
  await using log = new Tidelog({ service: broker.service, producer: { compression: "none" } });
  await log.admin.createTopic({ name: topic, partitions: 1 });
  const { topicId } = present(await broker.engine.catalog.find(topic, contextWithin(runtime)), "the topic");
  const ref = { topicId, partition: 0 };
  const { context } = broker.engine;
  for (const [index, value] of sent.entries()) {
    if (index === COUNT / 2 || index === COUNT - 1) {
      await spill(context, ref, contextWithin(runtime));
      const limits = { bytes: 64 * MIB, olderThan: runtime.clock.nowMs() + 60_000 };
      await rollPartition(context, ref, limits, contextWithin(runtime));
    }
    await log.publish(topic, { value });
  }
}

type Offers = SegmentAddress[];

/** The log over HTTP; notes the addresses that are offered, and lets them be changed. */
function overHttp(offers: Offers, change: (offer: SegmentAddress) => SegmentAddress | Promise<SegmentAddress>) {
  const noting: LogService = {
    ...broker.service,
    fetch: async (context, request): Promise<FetchReply> => {
      const { partitions } = await broker.service.fetch(context, request);
      return {
        partitions: await Promise.all(
          partitions.map(async (part) => {
            if (!part.ok || part.segment === undefined) return part;
            offers.push(part.segment);
            return { ...part, segment: await change(part.segment) };
          }),
        ),
      };
    },
  };
  const app = createHttpApp({ service: noting, runtime, allowHosts: "any" });
  const fetch = (async (url: URL, init: RequestInit) => app.fetch(new Request(url, init))) as typeof globalThis.fetch;
  return new Tidelog({ service: new HttpLogService({ endpoint: "http://log", clock: runtime.clock, fetch }) });
}

async function readAll(log: Tidelog, { topic = "t", offset = 0, downloads = true } = {}): Promise<string[]> {
  await using consumer = log.consumer({ assign: { topic, from: { offset } }, downloads });
  const values: string[] = [];
  while (values.length < COUNT - offset) {
    const records = await consumer.poll({ timeoutMs: 10_000 });
    if (records.length === 0) break;
    values.push(...records.map((record) => record.text() ?? ""));
  }
  return values;
}

const firstOf = (offers: Offers): SegmentAddress => present(offers[0], "an address");
const asItIs = (offer: SegmentAddress): SegmentAddress => offer;

describe("a reader that is far behind", () => {
  test("reads segments at addresses of their own, every record once and in order, and the rest by the broker", async () => {
    const offers: Offers = [];
    await using log = overHttp(offers, asItIs);
    counter.reset();
    expect(await readAll(log)).toEqual(sent);
    expect(offers.map(({ baseOffset, endOffset }) => [baseOffset, endOffset])).toEqual([
      [0, COUNT / 2],
      [COUNT / 2, COUNT - 1],
    ]);
    for (const { url, expiresInMs, bytes } of offers) {
      expect(new URL(url).pathname).toContain("/topics/");
      expect(bytes).toBeGreaterThan(MIB);
      expect(expiresInMs).toBeLessThanOrEqual(300_000);
    }
    // What the broker read itself is the one record that is in no segment.
    expect(counter.snapshot().objectBytesRead).toBeLessThan(2 * VALUE_BYTES);
  });

  test("begins in the middle of a segment", async () => {
    const offers: Offers = [];
    await using log = overHttp(offers, asItIs);
    expect(await readAll(log, { offset: 5 })).toEqual(sent.slice(5));
    expect(firstOf(offers).position).toBeGreaterThan(0);
    expect(firstOf(offers).positionOffset).toBeLessThanOrEqual(5);
  });

  test("is given records where it does not ask for addresses", async () => {
    const offers: Offers = [];
    await using log = overHttp(offers, asItIs);
    expect(await readAll(log, { downloads: false })).toEqual(sent);
    expect(offers).toEqual([]);
  });
});

describe("whatever is wrong with an address, the records come by the broker, and none is passed over:", () => {
  const otherPath = (offer: SegmentAddress): SegmentAddress => ({ ...offer, url: offer.url.replace(".log", ".lost") });
  test.each<[string, (offer: SegmentAddress) => SegmentAddress]>([
    ["nothing is there", otherPath],
    ["nobody is there", (offer) => ({ ...offer, url: "http://127.0.0.1:1/x" })],
    ["a place within a batch", (offer) => ({ ...offer, position: offer.position + 17 })],
    ["another batch's place", (offer) => ({ ...offer, positionOffset: offer.positionOffset + 1 })],
    ["a size beyond its end", (offer) => ({ ...offer, bytes: offer.bytes + 1000 })],
    [
      "another segment's offsets",
      (offer) => ({ ...offer, endOffset: offer.endOffset - 3, records: offer.records - 3 }),
    ],
    ["it has expired", (offer) => ({ ...offer, expiresInMs: 0, url: "http://127.0.0.1:1/x" })],
  ])("%s", async (_, change) => {
    const offers: Offers = [];
    let spoilt = 0;
    await using log = overHttp(offers, (offer) => (spoilt++ < 3 ? change(offer) : offer));
    expect(await readAll(log)).toEqual(sent);
    expect(offers.length).toBeGreaterThan(0);
  });

  test("a reader whom the deletion of records overtakes is told where the log begins, instead of being led past it", async () => {
    await fill("deleted");
    const offers: Offers = [];
    await using log = overHttp(offers, async (offer) => {
      // Retention passes, and the collector deletes the segment, while the address is on its way.
      await broker.service.deleteRecords(contextWithin(runtime), {
        partitions: [{ topic: "deleted", partition: 0, beforeOffset: offer.endOffset }],
      });
      const Key = decodeURIComponent(new URL(offer.url).pathname).replace(`/${bucket}/`, "");
      await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: [{ Key }] } }));
      return offer;
    });
    expect(await refusalOf(() => readAll(log, { topic: "deleted" }))).toMatchObject({
      code: "OffsetOutOfRange",
      details: { offset: 0, logStartOffset: firstOf(offers).endOffset },
    });
  });
});
