import type { Consumer, ConsumerRecord } from "../client/index.ts";

/** Small enough for its JSON to be built in memory, large enough for the work per poll not to count. */
const pollRecordsMax = 5000;
/** A poll that brings nothing ends after this; new records end it at once. */
const followPollMs = 60_000;
/** Where the end is already reached, as on an empty partition, no record comes to tell so. */
const untilEndPollMs = 200;

export interface ReadOptions {
  readonly consumer: Consumer;
  readonly topic: string;
  /** First offset not to be read, by partition; undefined to read on as records come. */
  readonly ends: ReadonlyMap<number, number> | undefined;
  readonly recordsMax: number | undefined;
  readonly signal: AbortSignal;
}

/** What a consumer reads, poll by poll, until the ends are reached, enough is read, or the signal aborts. */
export async function* readPartitions(options: ReadOptions): AsyncGenerator<readonly ConsumerRecord[]> {
  const { consumer, ends, recordsMax = Number.POSITIVE_INFINITY, signal } = options;
  const timeoutMs = ends === undefined ? followPollMs : untilEndPollMs;
  for (let left = recordsMax; left > 0 && !(await isAtEnd(options)); ) {
    const polled = await consumer.poll({ maxRecords: Math.min(pollRecordsMax, left), timeoutMs, signal });
    const records = ends === undefined ? polled : polled.filter((record) => isBefore(ends, record));
    if (records.length > 0) yield records;
    left -= records.length;
  }
}

function isBefore(ends: ReadonlyMap<number, number>, { partition, offset }: ConsumerRecord): boolean {
  return offset < (ends.get(partition) ?? 0);
}

async function isAtEnd({ consumer, topic, ends, signal }: ReadOptions): Promise<boolean> {
  if (ends === undefined) return false;
  for (const [partition, end] of ends) {
    if ((await consumer.position({ topic, partition }, { signal })) < end) return false;
  }
  return true;
}
