import type { Table } from "../measure/table.ts";
import { billBetween, dollarsOf } from "./bill.ts";
import { CostWorld } from "./cost-world.ts";
import { type Deployment, deploy, fetchedBytes, type Way } from "./deployments.ts";
import { createTopic } from "./life-of-load.ts";
import { batchBytesOf, sendLoad, TOPIC } from "./produce-load.ts";
import { bytesText, type CostScale, dollarText, loadMs } from "./scale.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const GIB = MIB * KIB;
const MILLION = 1_000_000;
const FETCH_BYTES = 16 * MIB;
/** How long a consumer of the SDK waits for records unless told otherwise. */
const CONSUMER_WAIT_MS = 500;
const LONG_WAIT_MS = 20_000;

interface Read {
  readonly records: number;
  readonly bytes: number;
}

/** Reads from an offset on until so many records were read. Each record is a batch of its own here. */
async function readTo(
  log: Deployment,
  { until, batchBytes, maxWaitMs }: { readonly until: number; readonly batchBytes: number; readonly maxWaitMs: number },
): Promise<Read> {
  let offset = 0;
  let bytes = 0;
  while (offset < until) {
    const request = { topic: TOPIC, partition: 0, offset, maxBytes: FETCH_BYTES };
    const reply = await log.fetch({
      maxWaitMs,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      isolation: "read_uncommitted",
      partitions: [request],
    });
    const fetched = fetchedBytes(reply);
    bytes += fetched;
    offset += Math.round(fetched / batchBytes);
  }
  return { records: offset, bytes };
}

/** Consumers that follow a log while it is written, and ones that read it from its beginning. */
export async function readCosts(scale: CostScale): Promise<Table> {
  const rows: string[][] = [];
  for (const way of ["in-process", "API"] as const) {
    for (const maxWaitMs of [CONSUMER_WAIT_MS, LONG_WAIT_MS]) {
      rows.push(await tailRow(scale, way, maxWaitMs));
    }
    for (const valueBytes of [KIB, MIB]) rows.push(await backlogRow(scale, way, valueBytes));
  }
  return {
    title: "Reads",
    columns: ["way", "what is read", "S3", "DynamoDB", "Lambda", "API Gateway", "$ per million records", "$ per GiB"],
    rows,
    note: "By one consumer whose broker has written none of it. Tail: 20 records of 1 KiB a second; fetches wait for so long, through the API 5 s at most. Backlog: rolled and merged, read in fetches of 16 MiB, through the API of 4 MiB.",
  };
}

async function tailRow(scale: CostScale, way: Way, maxWaitMs: number): Promise<string[]> {
  const load = {
    valueBytes: KIB,
    requestsPerSecond: 20,
    durationMs: loadMs(scale, 5),
    producers: 4,
    partitions: 1,
    partitionsPerRequest: 1,
    shape: "steady",
  } as const;
  const { world, writer, reader, batchBytes } = await openBoth(scale, way, KIB);
  const until = (load.requestsPerSecond * load.durationMs) / 1000;
  const before = reader.bill();
  const [, read] = await world.run(
    Promise.all([sendLoad(world, writer, load), readTo(reader, { until, batchBytes, maxWaitMs })]),
  );
  const dollars = dollarsOf(billBetween(before, reader.bill()));
  await Promise.all([reader.close(), writer.close()]);
  return [way, `tail, fetches wait ${maxWaitMs} ms`, ...rowOf(dollars, read)];
}

async function backlogRow(scale: CostScale, way: Way, valueBytes: number): Promise<string[]> {
  const load = {
    valueBytes,
    requestsPerSecond: valueBytes === MIB ? 2 : 50,
    durationMs: loadMs(scale, 4),
    producers: 4,
    partitions: 1,
    partitionsPerRequest: 1,
    shape: "steady",
  } as const;
  const { world, writer, reader, batchBytes } = await openBoth(scale, way, valueBytes);
  const until = await world.run(sendLoad(world, writer, load));
  // Rolled, and merged as far as it will be.
  await world.pass(45 * 60_000);
  const before = reader.bill();
  const read = await world.run(readTo(reader, { until, batchBytes, maxWaitMs: 0 }));
  const dollars = dollarsOf(billBetween(before, reader.bill()));
  await Promise.all([reader.close(), writer.close()]);
  return [way, `backlog of ${bytesText(valueBytes)} records`, ...rowOf(dollars, read)];
}

async function openBoth(scale: CostScale, way: Way, valueBytes: number) {
  const world = new CostWorld();
  const writer = await deploy(world, "in-process", scale);
  const reader = await deploy(world, way, { ...scale, upkeep: false });
  await createTopic(world, 1);
  return { world, writer, reader, batchBytes: batchBytesOf(valueBytes) };
}

function rowOf(dollars: ReturnType<typeof dollarsOf>, { records, bytes }: Read): string[] {
  const million = (part: number): string => dollarText((part / records) * MILLION);
  const { objects, items, functions, gateway, total } = dollars;
  return [...[objects, items, functions, gateway, total].map(million), dollarText(total / (bytes / GIB))];
}
