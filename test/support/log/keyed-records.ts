import { textOf, utf8 } from "../../../lib/base/bytes.ts";
import { callWithin } from "../../../lib/base/call.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import type { Compression } from "../../../lib/base/compression.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { readLog } from "../../../lib/log/read/read-log.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { decodeBatch } from "../../../lib/records/decode-batch.ts";
import { encodeBatch } from "../../../lib/records/encode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";

export interface KeyedRecord {
  readonly key: string | null;
  /** Null for a tombstone. */
  readonly value: string | null;
}

export interface KeyedAt extends KeyedRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

const codecs = synchronousCodecs();
const bytesOf = (text: string | null): Uint8Array | null => (text === null ? null : utf8(text));
const textIn = (bytes: Uint8Array | null): string | null => (bytes === null ? null : textOf(bytes));

export function keyedBatch(
  records: readonly KeyedRecord[],
  compression: Compression = "none",
  timestampMs = 1000,
): Promise<Uint8Array> {
  const data = records.map(({ key, value }, at) => ({
    key: bytesOf(key),
    value: bytesOf(value),
    headers: [{ key: "h", value: utf8(String(at)) }],
    timestampMs: timestampMs + at,
  }));
  return encodeBatch({ records: data, compression, codecs });
}

/** Every record that is left, read as a consumer does: on from the end of the last batch that came. */
export async function readKeyed(engine: LogEngine, ref: PartitionRef, bytesMax = 3000, from = 0): Promise<KeyedAt[]> {
  const found: KeyedAt[] = [];
  for (let offset = from; ; ) {
    const call = callWithin(engine.context.runtime.clock, 60_000);
    const { head, parts } = await readLog(engine.context, ref, { offset, bytesMax }, call);
    const batches = splitBatches(new Uint8Array(Buffer.concat(parts)));
    for (const batch of batches) {
      for (const { key, value, ...at } of await decodeBatch(batch, {
        codecs,
        decompressedBytesMax: 1e8,
        verifyCrc: true,
      })) {
        found.push({ offset: at.offset, timestampMs: at.timestampMs, key: textIn(key), value: textIn(value) });
      }
    }
    const last = batches.at(-1);
    if (last === undefined) {
      if (offset < head.next) throw new Error(`nothing comes at ${offset}, below the high watermark ${head.next}`);
      return found;
    }
    offset = endOffsetOf(readBatchHeader(last));
  }
}
