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
  /** Records that pass both ways before, on a topic of their own: a process that has just begun is still compiling. */
  readonly warmUpRecords?: number;
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
const WARM_UP_TOPIC = "warm-up";
/** Records are published in lists of about so many bytes, as an application that has many does. */
const LIST_BYTES = 64 * 1024;
const POLL_RECORDS = 10_000;

export async function measureLoad(load: Load): Promise<LoadResult> {
  return load.through === "sdk" ? measureSdk(load) : measureBatches(load);
}

async function measureSdk(load: Load): Promise<LoadResult> {
  await using log = "url" in load.at ? new Tidelog({ endpoint: load.at.url }) : await openLog(load.at);
  const prepare = async (topic: string, count: number): Promise<Way> => {
    await log.admin.createTopic({ name: topic, partitions: load.partitions });
    const publishers = Array.from({ length: load.producers }, (_, index) => {
      const records = Math.floor(count / load.producers) + (index < count % load.producers ? 1 : 0);
      return publisher(log, topic, load, records);
    });
    return {
      produce: async () => {
        await Promise.all(publishers.map((publish) => publish()));
      },
      fetch: () => consumeAll(log, topic, count),
    };
  };
  return await measured(load, prepare);
}

/** Publishes so many records, with so many bytes on their way; ready to start. */
function publisher(
  log: Tidelog,
  topic: string,
  { valueBytes, outstandingBytes }: Load,
  count: number,
): () => Promise<void> {
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
        topic,
        Array.from({ length }, () => ({ value: value() })),
      );
    }
  };
  return async () => {
    await Promise.all(Array.from({ length: lists }, publishLists));
    await producer.close();
  };
}

async function consumeAll(log: Tidelog, topic: string, count: number): Promise<void> {
  await using consumer = log.consumer({ assign: topic, from: "beginning" });
  let seen = 0;
  while (seen < count) {
    const records: ConsumerRecord[] = await consumer.poll({ maxRecords: POLL_RECORDS });
    seen += records.length;
  }
}

async function measureBatches(load: Load): Promise<LoadResult> {
  await using opened = await openService(load.at);
  const prepare = async (topic: string, records: number): Promise<Way> => {
    const batches = new BatchLoad(opened.service, topic, { ...load, records });
    await batches.createTopic();
    return { produce: () => batches.produce(), fetch: () => batches.fetch() };
  };
  return await measured(load, prepare);
}

interface Way {
  produce(): Promise<void>;
  fetch(): Promise<void>;
}

async function measured(load: Load, prepare: (topic: string, records: number) => Promise<Way>): Promise<LoadResult> {
  if (load.warmUpRecords !== undefined) {
    const warmUp = await prepare(WARM_UP_TOPIC, load.warmUpRecords);
    await warmUp.produce();
    if (load.fetch) await warmUp.fetch();
  }
  const way = await prepare(TOPIC, load.records);
  const length = (): number => (load.trace === undefined ? 0 : traceLength(load.trace));
  const traceFrom = length();
  const produceMs = await took(way.produce);
  const traceTo = length();
  const fetchMs = load.fetch ? await took(way.fetch) : 0;
  return { records: load.records, produceMs, fetchMs, traceFrom, traceTo };
}

async function took(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
