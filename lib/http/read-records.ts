import type { LogService, RequestContext } from "../api/log-service.ts";
import {
  EARLIEST_TIMESTAMP,
  type Fetched,
  LATEST_TIMESTAMP,
  type PartitionResult,
  type TopicPartition,
} from "../api/record-types.ts";
import { present } from "../base/assert.ts";
import { base64Of, concatBytes, strictTextOf } from "../base/bytes.ts";
import type { Codecs } from "../base/compression.ts";
import { decompressedBytesMax } from "../base/limits.ts";
import { endOffsetOf, isControl, readBatchHeader } from "../records/batch-header.ts";
import { decodeBatch } from "../records/decode-batch.ts";
import { recordBytes } from "../records/encode-record.ts";
import type { DecodedRecord } from "../records/record-data.ts";
import { splitBatches } from "../records/split-batches.ts";

export interface ReadQuery {
  readonly offset: number | "earliest" | "latest";
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

export type ReadPartition = TopicPartition & { readonly ok: true } & Fetched;

/** One partition's batches from an offset on; its error is thrown. */
export async function readPartition(
  service: LogService,
  context: RequestContext,
  from: TopicPartition,
  query: ReadQuery,
): Promise<{ readonly offset: number; readonly fetched: ReadPartition }> {
  const offset = typeof query.offset === "number" ? query.offset : await namedOffset(service, context, from, query);
  const { maxWaitMs, maxBytes } = query;
  const partitions = [{ ...from, offset, maxBytes }];
  const isolation = "read_committed";
  const reply = await service.fetch(context, { maxWaitMs, minBytes: 1, maxBytes, isolation, partitions });
  return { offset, fetched: answered(reply.partitions) };
}

/** Records as JSON, from `offset` on; ends early when what was compressed grows beyond `maxBytes`. */
export async function readAnswer(fetched: ReadPartition, offset: number, maxBytes: number, codecs: Codecs) {
  const records: ReturnType<typeof recordJson>[] = [];
  let nextOffset = offset;
  let bytes = 0;
  for (const batch of splitBatches(concatBytes(fetched.records))) {
    if (bytes >= maxBytes) break;
    const header = readBatchHeader(batch);
    nextOffset = endOffsetOf(header);
    if (isControl(header)) continue;
    for (const record of await decodeBatch(batch, { codecs, decompressedBytesMax, verifyCrc: false })) {
      if (record.offset < offset) continue;
      bytes += recordBytes(record);
      records.push(recordJson(record));
    }
  }
  const { topic, partition, logStart, highWatermark } = fetched;
  return { topic, partition, logStartOffset: logStart, highWatermark, nextOffset, records };
}

async function namedOffset(
  service: LogService,
  context: RequestContext,
  from: TopicPartition,
  query: ReadQuery,
): Promise<number> {
  const timestamp = query.offset === "earliest" ? EARLIEST_TIMESTAMP : LATEST_TIMESTAMP;
  const partitions = [{ ...from, timestamp }];
  const reply = await service.listOffsets(context, { isolation: "read_committed", partitions });
  return answered(reply.partitions).offset;
}

function answered<Answer>(results: readonly PartitionResult<Answer>[]): TopicPartition & { ok: true } & Answer {
  const result = present(results[0], "an answer for the partition");
  if (!result.ok) throw result.error;
  return result;
}

function recordJson({ offset, timestampMs, key, value, headers }: DecodedRecord) {
  return {
    offset,
    timestamp: timestampMs,
    key: dataJson(key),
    value: dataJson(value),
    headers: headers.map((header) => ({ name: header.key, value: header.value && base64Of(header.value) })),
  };
}

/** Text where it is text, so that people can read it; bytes come back as they went in either way. */
function dataJson(bytes: Uint8Array | null) {
  if (bytes === null) return null;
  const text = strictTextOf(bytes);
  return text === undefined ? { type: "BINARY", data: base64Of(bytes) } : { type: "STRING", data: text };
}
