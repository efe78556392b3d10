import type { StoreCounts } from "./store-counts.ts";

/** Dollars for one of each. */
export interface StorePrices {
  /** Year and month of the price list. */
  readonly date: string;
  readonly region: string;
  readonly objectPut: number;
  readonly objectGet: number;
  readonly objectList: number;
  readonly objectDelete: number;
  readonly readUnit: number;
  readonly writeUnit: number;
}

/** What a log behind an API costs beside its stores, and what is stored; dollars for one of each. */
export interface ListPrices extends StorePrices {
  readonly functionRequest: number;
  readonly functionGbSecond: number;
  /** Of an HTTP API: once for each 512 KiB of a request. */
  readonly httpRequest: number;
  readonly objectGbMonth: number;
  readonly itemGbMonth: number;
}

const MILLION = 1_000_000;

/** AWS's list prices of S3 Standard, DynamoDB on demand, Lambda on arm64 and HTTP APIs, without transfer. */
export const listPrices: ListPrices = {
  date: "2026-11",
  region: "us-east-1",
  objectPut: 5 / MILLION,
  objectGet: 0.4 / MILLION,
  objectList: 5 / MILLION,
  objectDelete: 0,
  readUnit: 0.125 / MILLION,
  writeUnit: 0.625 / MILLION,
  functionRequest: 0.2 / MILLION,
  functionGbSecond: 0.0000133334,
  httpRequest: 1 / MILLION,
  objectGbMonth: 0.023,
  itemGbMonth: 0.25,
};

/** What others publish for the same month and region, dollars: what comes in, without storage and reading. */
export const publishedPrices = {
  /** On demand. */
  kinesis: { streamMonth: 29, gigabyteIn: 0.08 },
  mskServerless: { idleMonth: 547, gibibyteIn: 0.1 },
  /** Its agents, and the requests that they send to S3, come on top. */
  warpStream: { gibibyteIn: 0.01 },
  sqs: { request: 0.4 / MILLION },
} as const;

export interface Cost {
  readonly objects: number;
  readonly items: number;
  readonly total: number;
}

/** What the counted requests would cost, in dollars. */
export function costOf(counts: StoreCounts, prices: StorePrices = listPrices): Cost {
  const objects =
    counts.objectPuts * prices.objectPut +
    counts.objectGets * prices.objectGet +
    counts.objectLists * prices.objectList +
    counts.objectDeletes * prices.objectDelete;
  const items = counts.readUnits * prices.readUnit + counts.writeUnits * prices.writeUnit;
  return { objects, items, total: objects + items };
}
