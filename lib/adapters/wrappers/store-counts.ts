const COUNTED = [
  "objectPuts",
  "objectGets",
  "objectLists",
  /** Requests, each of up to 1000 keys. */
  "objectDeletes",
  "objectBytesPut",
  "objectBytesRead",
  "itemGets",
  /** Requests, each of up to 100 keys. */
  "itemGetManys",
  "itemQueries",
  /** Updates asked for, those refused by a condition included. */
  "itemUpdates",
  "itemUpdatesRefused",
  "itemTransacts",
  "itemTransactParts",
  "itemTransactsRefused",
  /** Bytes of items in answers to reads, by DynamoDB's arithmetic. */
  "itemBytesRead",
  /** DynamoDB's read units of 4 KiB; an eventually consistent one counts half. */
  "readUnits",
  /** DynamoDB's write units of 1 KiB of the larger image; in transactions each counts twice. */
  "writeUnits",
  /** Writes whose images the store did not tell: `writeUnits` lacks them. */
  "writesUnmeasured",
  /** Operations of either port that failed. */
  "failures",
] as const;

export type Counted = (typeof COUNTED)[number];

/** What was asked of the stores, by class. */
export type StoreCounts = Readonly<Record<Counted, number>>;

/** Counts for any number of metered stores. */
export class StoreCounter {
  #counts = zeroCounts();

  add(name: Counted, by = 1): void {
    this.#counts[name] += by;
  }

  /** The counts so far; does not change afterwards. */
  snapshot(): StoreCounts {
    return { ...this.#counts };
  }

  reset(): void {
    this.#counts = zeroCounts();
  }
}

/**
 * What was counted between two snapshots.
 *
 * @example
 * const before = counter.snapshot();
 * await produceOneRecord();
 * expect(countsBetween(before, counter.snapshot())).toMatchObject({ itemUpdates: 1, objectPuts: 0 });
 */
export function countsBetween(before: StoreCounts, after: StoreCounts): StoreCounts {
  const counts = zeroCounts();
  for (const name of COUNTED) counts[name] = after[name] - before[name];
  return counts;
}

function zeroCounts(): Record<Counted, number> {
  return Object.fromEntries(COUNTED.map((name) => [name, 0])) as Record<Counted, number>;
}
