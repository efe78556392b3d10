import { countsBetween, StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import type { LogService } from "../../lib/api/log-service.ts";
import { backlogReadBytes, fetchBytesMax } from "../../lib/base/limits.ts";
import { type LocalStores, openLocalStores } from "../../lib/local/local-stores.ts";
import { systemRuntime } from "../../lib/local/system-runtime.ts";
import { tuneServerHeap } from "../../lib/local/tune-server-heap.ts";
import { billedLogSettings, embeddedLogSettings } from "../../lib/log/log-settings.ts";
import type { SegmentItem } from "../../lib/log/read/segment-bytes.ts";
import { endOffsetOf, readBatchHeader } from "../../lib/records/batch-header.ts";
import type { Broker } from "../../lib/service/broker.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { BatchLoad, demandOk } from "./measure/batch-load.ts";
import { openEngine, partitionOf, rollEverything, segmentsOf, withoutRolls } from "./measure/open-engine.ts";
import { callContext } from "./measure/open-service.ts";
import type { Scenario } from "./measure/scenario.ts";
import { mibPerSecond } from "./measure/statistics.ts";
import type { Cell, Table } from "./measure/table.ts";

const MIB = 1024 * 1024;
const TOPIC = "backlog";
const LOAD = { valueBytes: 1024, partitions: 1, outstandingBytes: 8 * MIB } as const;
/** Read plainly, then fetched: many times what begins a full collection of garbage, which each is to pay for itself. */
const STRETCH_SEGMENTS = 16;
const SETTINGS = [
  ["of one machine", embeddedLogSettings],
  ["of stores that bill requests", billedLogSettings],
] as const;

/** A consumer that is far behind, beside reading the same objects and doing nothing with them. */
export const backlog: Scenario = {
  name: "backlog",
  async run({ quick, directory }) {
    tuneServerHeap();
    const counter = new StoreCounter();
    const runtime = await systemRuntime();
    const stores = await openLocalStores({ dataDir: directory }, runtime, counter);
    try {
      const writer = await openEngine(stores, runtime, withoutRolls(embeddedLogSettings));
      const segments = await produceBacklog(writer, quick ? 32 : 1024);
      await writer.close();
      const rows: Cell[][] = [];
      for (const [name, log] of SETTINGS) {
        const reader = await openEngine(stores, runtime, log);
        rows.push([name, ...(await measure(reader, stores, segments, counter))]);
        await reader.close();
      }
      return [tableOf(rows)];
    } finally {
      await stores.close();
    }
  },
};

async function produceBacklog(broker: Broker, mebibytes: number): Promise<readonly SegmentItem[]> {
  const load = new BatchLoad(broker.service, TOPIC, { ...LOAD, records: mebibytes * 1024 });
  await load.createTopic();
  await load.produce();
  const ref = await partitionOf(broker, TOPIC);
  await rollEverything(broker, ref, broker.engine.context.settings.merge.bytes);
  return segmentsOf(broker, ref);
}

async function measure(
  { service }: Broker,
  { objects }: LocalStores,
  segments: readonly SegmentItem[],
  counter: StoreCounter,
): Promise<Cell[]> {
  const bytes = segments.reduce((sum, { segment }) => sum + segment.bytes, 0);
  let plainMs = 0;
  let fetchMs = 0;
  let offset = 0;
  let itemQueries = 0;
  let objectGets = 0;
  for (let first = 0; first < segments.length; first += STRETCH_SEGMENTS) {
    const stretch = segments.slice(first, first + STRETCH_SEGMENTS);
    plainMs += await took(async () => {
      for (const item of stretch) await readPlainly(objects, item);
    });
    const before = counter.snapshot();
    fetchMs += await took(async () => {
      offset = await fetchTo(service, offset, stretch.at(-1)?.end ?? offset);
    });
    const counts = countsBetween(before, counter.snapshot());
    itemQueries += counts.itemQueries;
    objectGets += counts.objectGets;
  }
  const eightMebibytes = bytes / backlogReadBytes;
  return [
    bytes / MIB,
    mibPerSecond(bytes, plainMs),
    mibPerSecond(bytes, fetchMs),
    plainMs / fetchMs,
    itemQueries / eightMebibytes,
    objectGets / eightMebibytes,
  ];
}

/** In ranges of the size in which a backlog is read. */
async function readPlainly(objects: ObjectStore, { segment }: SegmentItem): Promise<void> {
  for (let start = 0; start < segment.bytes; start += backlogReadBytes) {
    const end = Math.min(segment.bytes, start + backlogReadBytes);
    const bytes = await objects.get(segment.objectKey, callContext(), { start, end });
    if (bytes?.byteLength !== end - start) throw new Error(`${segment.objectKey} is not as long as its item says`);
  }
}

/** One fetch after the other, each of as much as one answers with, until it has passed `end`. */
async function fetchTo(service: LogService, from: number, end: number): Promise<number> {
  let offset = from;
  while (offset < end) {
    const part = { topic: TOPIC, partition: 0, offset, maxBytes: fetchBytesMax };
    const request = { maxWaitMs: 0, minBytes: 1, maxBytes: fetchBytesMax, isolation: "read_uncommitted" } as const;
    const reply = await service.fetch(callContext(), { ...request, partitions: [part] });
    const last = demandOk(reply.partitions[0]).records.at(-1);
    if (last === undefined) throw new Error(`nothing comes at offset ${offset}, below ${end}`);
    offset = endOffsetOf(readBatchHeader(last));
  }
  return offset;
}

async function took(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function tableOf(rows: readonly Cell[][]): Table {
  return {
    title: "Reading a backlog beside reading its objects",
    columns: [
      "settings",
      "MiB",
      "objects MiB/s",
      "fetch MiB/s",
      "fetch / objects",
      "item queries per 8 MiB",
      "object gets per 8 MiB",
    ],
    rows,
    note:
      "One partition, in segments of 16 MiB, read in turn with one process, its heap set as a server's: " +
      `${STRETCH_SEGMENTS} segments plainly, in ranges of 8 MiB, then in fetches of 16 MiB, the most that one answers with.` +
      "  Aim: 0.7 or better; one query and one get per 8 MiB or fewer " +
      "where they are billed.",
  };
}
