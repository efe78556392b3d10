import { textOf, utf8 } from "../../../lib/base/bytes.ts";
import { callWithin } from "../../../lib/base/call.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { readLog } from "../../../lib/log/read/read-log.ts";
import { decodeUncompressedBatch } from "../../../lib/records/decode-batch.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";

export interface ProducerOf {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** A batch of one record per value, as a producer sends it. */
export function batchOf(values: readonly string[], producer?: ProducerOf, timestampMs = 1000): Uint8Array {
  const records = values.map((value) => ({ key: null, value: utf8(value), headers: [], timestampMs }));
  return encodeUncompressedBatch(records, producer);
}

export function producerOf(producerId: number, baseSequence: number, producerEpoch = 0): ProducerOf {
  return { producerId, producerEpoch, baseSequence };
}

/** Every record of fetched bytes as "offset:value". */
export function recordsIn(parts: readonly Uint8Array[]): string[] {
  return splitBatches(new Uint8Array(Buffer.concat(parts))).flatMap((batch) =>
    [...decodeUncompressedBatch(batch, { verifyCrc: true })].map(
      ({ offset, value }) => `${offset}:${value === null ? "" : textOf(value)}`,
    ),
  );
}

/** Every record from `offset` to the high watermark, read in pieces of `bytesMax`. */
export async function readAll(
  engine: LogEngine,
  ref: PartitionRef,
  offset = 0,
  bytesMax = 1_000_000,
): Promise<string[]> {
  const all: string[] = [];
  for (let next = offset; ; ) {
    const call = callWithin(engine.context.runtime.clock, 60_000);
    const { head, parts } = await readLog(engine.context, ref, { offset: next, bytesMax }, call);
    const records = recordsIn(parts);
    all.push(...records);
    const last = records.at(-1);
    if (last === undefined || next >= head.next) return all;
    next = Number.parseInt(last, 10) + 1;
    if (next >= head.next) return all;
  }
}

/** What `readAll` answers for these values from offset 0 on. */
export function numbered(values: readonly string[]): string[] {
  return values.map((value, offset) => `${offset}:${value}`);
}
