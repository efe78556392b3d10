/**
 * What cannot be counted here, since no request of the bench leaves this process: times of AWS, as rough as they are.
 * They decide how long functions run, and how many environments of them there are; nothing in-process depends on them.
 */
export const assumed = {
  itemReadMs: 4,
  itemWriteMs: 6,
  transactionMs: 15,
  objectPutMs: 30,
  objectGetMs: 20,
  objectListMs: 40,
  objectMsPerMib: 12,
  /** Of a broker's processor for each MiB that it rolls, merges or hands on. */
  processorMsPerMib: 10,
  /** A function of so many MB has one whole processor (AWS's documentation of memory and processing power). */
  mbPerProcessor: 1769,
  coldStartMs: 400,
} as const;

/** What the construct gives its functions unless told otherwise. */
export const functionMemoryMb = { api: 1024, roller: 1024, janitor: 1024 } as const;

const MINUTE_MS = 60_000;

/** The construct's schedules of the janitor. */
export const janitorEveryMs = {
  retention: 5 * MINUTE_MS,
  rewriting: 30 * MINUTE_MS,
  collection: 60 * MINUTE_MS,
  groups: 60 * MINUTE_MS,
} as const;

export const HOURS_PER_MONTH = 730;
