import type { Table } from "../measure/table.ts";
import type { Way } from "./deployments.ts";
import { type LifeOfLoad, lifeOfLoad } from "./life-of-load.ts";
import type { ProduceLoad } from "./produce-load.ts";
import { bytesText, type CostScale, dollarText, loadMs } from "./scale.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const GIB = MIB * KIB;
const MILLION = 1_000_000;
/** Requests a second, so that a run is long enough to be rolled and small enough to be held. */
const RATES = new Map([
  [512, 20],
  [KIB, 20],
  [64 * KIB, 5],
  [MIB, 1],
]);
const MINUTES = 6;

/** Aims, in dollars per million requests, of a steady load in-process. */
const AIMS = new Map([
  [512, 2.75],
  [KIB, 4],
  [MIB, (0.007 * MILLION) / KIB],
]);

export interface MeasuredProduce {
  readonly way: Way;
  readonly valueBytes: number;
  readonly perMillion: number;
}

const oneRecord = { producers: 4, partitions: 1, partitionsPerRequest: 1, shape: "steady" } as const;
const perMillion = (life: LifeOfLoad, dollars: number): number => (dollars / life.requests) * MILLION;

function row(life: LifeOfLoad, bytesEach: number): string[] {
  const { dollars, requests } = life;
  const gibibytes = (requests * bytesEach) / GIB;
  const parts = [dollars.objects, dollars.items, dollars.functions, dollars.gateway];
  return [
    ...parts.map((part) => dollarText(perMillion(life, part))),
    dollarText(perMillion(life, dollars.total)),
    dollarText(dollars.total / gibibytes),
  ];
}

const DOLLAR_COLUMNS = ["S3", "DynamoDB", "Lambda", "API Gateway", "$ per million", "$ per GiB"];

/** One record per request, by its size, the way to the log, and the shape of the load. */
export async function produceCosts(scale: CostScale): Promise<{ table: Table; measured: readonly MeasuredProduce[] }> {
  const rows: string[][] = [];
  const measured: MeasuredProduce[] = [];
  for (const way of ["in-process", "API"] as const) {
    for (const [valueBytes, requestsPerSecond] of RATES) {
      for (const shape of scale.quick ? (["steady"] as const) : (["steady", "bursty"] as const)) {
        const durationMs = loadMs(scale, valueBytes === MIB ? 2 * MINUTES : MINUTES);
        const load: ProduceLoad = { ...oneRecord, valueBytes, requestsPerSecond, durationMs, shape };
        const life = await lifeOfLoad(way, load, scale);
        const million = perMillion(life, life.dollars.total);
        if (shape === "steady") measured.push({ way, valueBytes, perMillion: million });
        const aim = way === "in-process" && shape === "steady" ? AIMS.get(valueBytes) : undefined;
        rows.push([
          way,
          bytesText(valueBytes),
          shape,
          ...row(life, valueBytes),
          aim === undefined ? "" : dollarText(aim),
        ]);
      }
    }
  }
  const table = {
    title: "One record per request",
    columns: ["way", "value", "load", ...DOLLAR_COLUMNS, "aim per million"],
    rows,
    note: "Four producers on one partition; 20, 20, 5 and 1 requests a second by size. Bursty: as many, but all of ten seconds within one. Everything included: staging, commit, spill, roll, merge, retention, collection.",
  };
  return { table, measured };
}

/** The same load over more partitions: in requests for one each, and in requests for all of them at once. */
export async function partitionCosts(scale: CostScale): Promise<Table> {
  const rows: string[][] = [];
  for (const partitions of scale.quick ? [1, 10] : [1, 100, 1000]) {
    const each: ProduceLoad = {
      ...oneRecord,
      partitions,
      valueBytes: KIB,
      requestsPerSecond: 20,
      durationMs: loadMs(scale, MINUTES),
    };
    // 1 MiB per request, whatever the number of partitions.
    const all: ProduceLoad = {
      ...oneRecord,
      partitions,
      partitionsPerRequest: partitions,
      producers: 1,
      valueBytes: Math.floor(MIB / partitions),
      requestsPerSecond: 0.2,
      durationMs: loadMs(scale, MINUTES),
    };
    for (const load of [each, all]) {
      const life = await lifeOfLoad("in-process", load, scale);
      const bytesEach = load.valueBytes * load.partitionsPerRequest;
      const [objects = "", items = "", , , million = "", gibibyte = ""] = row(life, bytesEach);
      const kind = load === each ? "1 KiB for one of them" : "1 MiB for all of them";
      const staged = (life.stagedObjects / life.requests).toFixed(2);
      const upkeep = ((life.objectPuts - life.stagedObjects) / life.requests).toFixed(2);
      rows.push([String(partitions), kind, staged, upkeep, objects, items, million, gibibyte]);
    }
  }
  return {
    title: "Partitions",
    columns: [
      "partitions",
      "a request is",
      "puts to produce",
      "puts of rolls and merges",
      "S3",
      "DynamoDB",
      "$ per million",
      "$ per GiB",
    ],
    rows,
    note: "In-process, steady: 20 requests a second of 1 KiB by four producers, or one of 1 MiB every five seconds by one. Puts are per request. A partition that is written to is committed to, rolled and merged on its own, whatever little is in it.",
  };
}

/** The same load by more producers, whose values every commit carries along. */
export async function producerCosts(scale: CostScale): Promise<Table> {
  const rows: string[][] = [];
  for (const producers of scale.quick ? [1, 4] : [1, 4, 16, 64]) {
    const load = {
      ...oneRecord,
      producers,
      valueBytes: KIB,
      requestsPerSecond: 20,
      durationMs: loadMs(scale, MINUTES),
    };
    const life = await lifeOfLoad("in-process", load, scale);
    const units = (life.writeUnits / life.requests).toFixed(2);
    rows.push([String(producers), units, dollarText(perMillion(life, life.dollars.total))]);
  }
  return {
    title: "Producers",
    columns: ["producers", "write units per request", "$ per million"],
    rows,
    note: "In-process, steady, 1 KiB per request, one partition. Four of the units are the staged record's, when it is written and when it is deleted.",
  };
}

/** Many small requests at once, stored together by a broker that lets them wait a little. */
export async function groupedCosts(scale: CostScale): Promise<{ table: Table; measured: ReadonlyMap<number, number> }> {
  const rows: string[][] = [];
  const measured = new Map<number, number>();
  for (const lingerMs of [0, 100]) {
    const load = {
      ...oneRecord,
      producers: 64,
      valueBytes: KIB,
      requestsPerSecond: 320,
      durationMs: loadMs(scale, 1),
    };
    const life = await lifeOfLoad("in-process", load, { ...scale, lingerMs });
    const million = perMillion(life, life.dollars.total);
    measured.set(lingerMs, million);
    rows.push([String(lingerMs), dollarText(million), dollarText(life.dollars.total / ((life.requests * KIB) / GIB))]);
  }
  const table = {
    title: "Many producers of one broker",
    columns: ["lingerMs", "$ per million", "$ per GiB"],
    rows,
    note: "In-process, steady: 320 requests a second of 1 KiB, by 64 producers that wait for each answer, on one partition.",
  };
  return { table, measured };
}
