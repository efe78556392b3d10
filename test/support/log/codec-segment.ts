import { utf8 } from "../../../lib/base/bytes.ts";
import { callWithin } from "../../../lib/base/call.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { COMPRESSION_CODES, type Compression } from "../../../lib/base/compression.ts";
import { indexItemAt } from "../../../lib/log/index-items.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { encodeBatch } from "../../../lib/records/encode-batch.ts";
import type { RecordData } from "../../../lib/records/record-data.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { headKey } from "../../../lib/storage/item-keys.ts";
import { HEAD } from "../../../lib/storage/items/head.ts";
import { append, TestLog } from "./test-log.ts";

const COMPRESSIONS = Object.keys(COMPRESSION_CODES) as Compression[];
const RECORDS = 7;
const START_MS = 1_700_000_000_000;

/**
 * A segment as the engine rolls it: a batch of an idempotent producer and one of nobody for each codec, under two
 * leader epochs, with keys, headers, tombstones and records of no key.
 */
export async function codecSegment(): Promise<Uint8Array> {
  const log = new TestLog();
  const ref = await log.partition();
  const engine = log.engine();
  const call = callWithin(log.clock, 60_000);
  const codecs = synchronousCodecs();
  for (const [at, compression] of COMPRESSIONS.entries()) {
    if (at === 2) await log.items.update(headKey(ref.topicId, 0), [set(HEAD.epoch, 5)], [], call);
    const producer = { producerId: 4000, producerEpoch: 1, baseSequence: at * RECORDS };
    for (const fields of [producer, {}]) {
      const records = Array.from({ length: RECORDS }, (_, record) => recordOf(compression, at * RECORDS + record));
      await append(log.engine(), ref, await encodeBatch({ records, compression, codecs, ...fields }));
    }
  }
  await spill(engine.context, ref, call);
  await rollPartition(engine.context, ref, { bytes: 1, olderThan: Number.MAX_SAFE_INTEGER }, call);
  const item = await indexItemAt(engine.context, ref, 0, call);
  const bytes = item?.kind === "segment" ? await log.objects.get(item.segment.objectKey, call) : undefined;
  if (bytes === undefined) throw new Error("nothing was rolled");
  return bytes;
}

function recordOf(compression: Compression, number: number): RecordData {
  return {
    key: number % 3 === 0 ? null : utf8(`key-${number}`),
    value: number % 5 === 4 ? null : utf8(`${compression}-${"repeated ".repeat(number % 4)}${number}`),
    headers: number % 2 === 0 ? [] : [{ key: "at", value: utf8(String(number)) }],
    // Not in order: the newest of a batch is not its last.
    timestampMs: START_MS + number * 10 - (number % 7 === 6 ? 25 : 0),
  };
}
