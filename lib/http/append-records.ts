import type { LogService, RequestContext } from "../api/log-service.ts";
import type { Appended, PartitionResult, TopicPartition } from "../api/record-types.ts";
import { present } from "../base/assert.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { BATCH_HEADER_BYTES } from "../records/batch-header.ts";
import { encodeUncompressedBatch } from "../records/encode-batch.ts";
import { recordBytes } from "../records/encode-record.ts";
import type { RecordData } from "../records/record-data.ts";

export interface PlacedRecord {
  readonly record: RecordData;
  readonly partition: number;
}

export interface StoredRecord extends TopicPartition {
  readonly offset: number;
  readonly timestamp: number;
}

/** Records of one partition that fit one batch, by their place in the request. */
interface Batch {
  readonly partition: number;
  readonly records: readonly RecordData[];
  readonly places: readonly number[];
}

export interface AppendOptions {
  readonly topic: string;
  /** The topic's `max.message.bytes`. */
  readonly batchBytesMax: number;
}

/**
 * Appends records in their order, in as few batches as the topic's limit allows: a batch per partition at a time,
 * all partitions at once. What follows a batch that failed in its partition is not attempted, to keep the order.
 */
export async function appendRecords(
  service: LogService,
  context: RequestContext,
  placed: readonly PlacedRecord[],
  options: AppendOptions,
): Promise<(StoredRecord | LogError)[]> {
  const outcomes: (StoredRecord | LogError)[] = [];
  const failed = new Map<number, LogError>();
  for (const round of roundsOf(placed, options.batchBytesMax)) {
    const batches = round.filter((batch) => !failed.has(batch.partition));
    const results = await produceRound(service, context, options.topic, batches);
    for (const [index, batch] of batches.entries()) {
      const result = present(results[index], "an answer for each batch");
      if (!result.ok) failed.set(batch.partition, result.error);
      for (const [delta, place] of batch.places.entries()) {
        outcomes[place] = result.ok ? stored(result, present(batch.records[delta], "its record"), delta) : result.error;
      }
    }
    for (const batch of round) {
      for (const place of batch.places) outcomes[place] ??= notAttempted(failed.get(batch.partition));
    }
  }
  return outcomes;
}

async function produceRound(
  service: LogService,
  context: RequestContext,
  topic: string,
  batches: readonly Batch[],
): Promise<readonly PartitionResult<Appended>[]> {
  if (batches.length === 0) return [];
  const partitions = batches.map(({ partition, records }) => {
    return { topic, partition, records: encodeUncompressedBatch(records) };
  });
  try {
    return (await service.produce(context, { acks: -1, partitions })).partitions;
  } catch (error) {
    if (!isLogError(error)) throw error;
    return batches.map(({ partition }) => ({ topic, partition, ok: false, error }));
  }
}

/** The n-th round has the n-th batch of every partition. A record that is too large alone is the service's to refuse. */
function roundsOf(placed: readonly PlacedRecord[], batchBytesMax: number): Batch[][] {
  const rounds: Batch[][] = [];
  const open = new Map<number, { round: number; bytes: number; records: RecordData[]; places: number[] }>();
  for (const [place, { record, partition }] of placed.entries()) {
    const bytes = recordBytes(record);
    let batch = open.get(partition);
    if (batch === undefined || batch.bytes + bytes > batchBytesMax) {
      batch = { round: (batch?.round ?? -1) + 1, bytes: BATCH_HEADER_BYTES, records: [], places: [] };
      open.set(partition, batch);
      rounds[batch.round] ??= [];
      rounds[batch.round]?.push({ partition, records: batch.records, places: batch.places });
    }
    batch.bytes += bytes;
    batch.records.push(record);
    batch.places.push(place);
  }
  return rounds;
}

function stored(result: TopicPartition & Appended, record: RecordData, delta: number): StoredRecord {
  const { topic, partition, baseOffset, appendTimeMs } = result;
  const timestamp = appendTimeMs >= 0 ? appendTimeMs : record.timestampMs;
  return { topic, partition, offset: baseOffset < 0 ? -1 : baseOffset + delta, timestamp };
}

function notAttempted(cause: LogError | undefined): LogError {
  return new LogError("OperationNotAttempted", "an earlier record of this request failed in its partition", { cause });
}
