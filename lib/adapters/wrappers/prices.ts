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

const MILLION = 1_000_000;

/** AWS's list prices of S3 Standard and of DynamoDB on demand, without storage and transfer. */
export const listPrices: StorePrices = {
  date: "2026-11",
  region: "us-east-1",
  objectPut: 5 / MILLION,
  objectGet: 0.4 / MILLION,
  objectList: 5 / MILLION,
  objectDelete: 0,
  readUnit: 0.125 / MILLION,
  writeUnit: 0.625 / MILLION,
};

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
