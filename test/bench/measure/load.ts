import { type ConsumerRecord, Tidelog } from "../../../lib/client/index.ts";
import { openLog } from "../../../lib/local/engine.ts";
import { BatchLoad } from "./batch-load.ts";
import { traceLength } from "./disk-trace.ts";
import { openService } from "./open-service.ts";
import { randomValues } from "./random-values.ts";

/** Records produced to one topic, then read back from its beginning. */
export interface Load {
  readonly at: { readonly url: string } | { readonly dataDir: string };
  /** Through the SDK's producers and consumers, or in encoded batches straight through a `LogService`. */
  readonly through: "sdk" | "batches";
  readonly valueBytes: number;
  readonly records: number;
  readonly partitions: number;
  readonly producers: number;
  /** Bytes of values that one producer keeps on their way. */
  readonly outstandingBytes: number;
  readonly fetch: boolean;
  /** The file of durable writes, of which the produced part is told. */
  readonly trace?: string;
}

export interface LoadResult {
  readonly records: number;
  readonly produceMs: number;
  readonly fetchMs: number;
  /** The part of the trace that was written while producing. */
  readonly traceFrom: number;
  readonly traceTo: number;
}

const TOPIC = "bench";
/** Records are published in lists of about so many bytes, as an application that has many does. */
const LIST_BYTES = 64 * 1024;
const POLL_RECORDS = 10_000;

export async function measureLoad(load: Load): Promise<LoadResult> {
  return load.through === "sdk" ? measureSdk(load) : measureBatches(load);
}

async function measureSdk(load: Load): Promise<LoadResult> {
  await using log = "url" in load.at ? new Tidelog({ endpoint: load.at.url }) : await openLog(load.at);
  await log.admin.createTopic({ name: TOPIC, partitions: load.partitions });
  const publishers = Array.from({ length: load.producers }, (_, index) => {
    const records = Math.floor(load.records / load.producers) + (index < load.records % load.producers ? 1 : 0);
    return publisher(log, load, records);
  });
  return await timed(
    load,
    async () => {
      await Promise.all(publishers.map((publish) => publish()));
    },
    () => consumeAll(log, load.records),
  );
}

/** Publishes so many records, with so many bytes on their way; ready to start. */
function publisher(log: Tidelog, { valueBytes, outstandingBytes }: Load, count: number): () => Promise<void> {
  const producer = log.producer();
  const value = randomValues(valueBytes);
  const listLength = Math.max(
    1,
    Math.min(Math.floor(LIST_BYTES / valueBytes), Math.floor(outstandingBytes / valueBytes)),
  );
  const lists = Math.max(1, Math.floor(outstandingBytes / (listLength * valueBytes)));
  let left = count;
  const publishLists = async (): Promise<void> => {
    while (left > 0) {
      const length = Math.min(left, listLength);
      left -= length;
      await producer.publish(
        TOPIC,
        Array.from({ length }, () => ({ value: value() })),
      );
    }
  };
  return async () => {
    await Promise.all(Array.from({ length: lists }, publishLists));
    await producer.close();
  };
}

async function consumeAll(log: Tidelog, count: number): Promise<void> {
  await using consumer = log.consumer({ assign: TOPIC, from: "beginning" });
  let seen = 0;
  while (seen < count) {
    const records: ConsumerRecord[] = await consumer.poll({ maxRecords: POLL_RECORDS });
    seen += records.length;
  }
}

async function measureBatches(load: Load): Promise<LoadResult> {
  await using opened = await openService(load.at);
  const batches = new BatchLoad(opened.service, TOPIC, load);
  await batches.createTopic();
  return await timed(
    load,
    () => batches.produce(),
    () => batches.fetch(),
  );
}

async function timed(load: Load, produce: () => Promise<void>, fetch: () => Promise<void>): Promise<LoadResult> {
  const length = (): number => (load.trace === undefined ? 0 : traceLength(load.trace));
  const traceFrom = length();
  const produceMs = await took(produce);
  const traceTo = length();
  const fetchMs = load.fetch ? await took(fetch) : 0;
  return { records: load.records, produceMs, fetchMs, traceFrom, traceTo };
}

async function took(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
