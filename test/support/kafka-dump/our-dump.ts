import { textOf } from "../../../lib/base/bytes.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { compressionOf, deleteHorizonOf, endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { decodeBatch } from "../../../lib/records/decode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import type { DumpedBatch } from "./parse-dump.ts";

/** What a segment file holds, as our own code reads it. */
export async function ourDump(segment: Uint8Array): Promise<DumpedBatch[]> {
  const batches: DumpedBatch[] = [];
  let position = 0;
  for (const bytes of splitBatches(segment)) {
    const header = readBatchHeader(bytes);
    const records = await decodeBatch(bytes, {
      codecs: synchronousCodecs(),
      decompressedBytesMax: 1_000_000,
      verifyCrc: true,
    });
    batches.push({
      baseOffset: header.baseOffset,
      lastOffset: endOffsetOf(header) - 1,
      count: header.recordCount,
      baseSequence: header.baseSequence,
      producerId: header.producerId,
      producerEpoch: header.producerEpoch,
      leaderEpoch: header.leaderEpoch,
      deleteHorizonMs: deleteHorizonOf(header),
      position,
      maxTimestamp: header.maxTimestamp,
      bytes: bytes.byteLength,
      codec: compressionOf(header) ?? "unknown",
      crc: header.crc,
      isValid: true,
      records: records.map(({ offset, timestampMs, key, value, headers }) => ({
        offset,
        timestampMs,
        keyBytes: key?.byteLength ?? -1,
        valueBytes: value?.byteLength ?? -1,
        headerKeys: headers.map((each) => each.key).join(","),
        key: key === null ? "" : textOf(key),
        value: value === null ? "" : textOf(value),
      })),
    });
    position += bytes.byteLength;
  }
  return batches;
}
