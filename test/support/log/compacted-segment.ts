import { callWithin } from "../../../lib/base/call.ts";
import { COMPRESSION_CODES, type Compression } from "../../../lib/base/compression.ts";
import { stampAgeMsMax } from "../../../lib/base/limits.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { type KeyedRecord, keyedBatch } from "./keyed-records.ts";
import { indexOf, rollAll } from "./segments-of.ts";
import { append, TestLog } from "./test-log.ts";

const COMPRESSIONS = Object.keys(COMPRESSION_CODES) as Compression[];
const START_MS = 1_700_000_000_000;
const KEYS = 9;

/**
 * A segment as compaction leaves it: for each codec a batch of which some records are gone, tombstones with the time
 * at which they may go, and gaps where whole batches were.
 */
export async function compactedSegment(): Promise<Uint8Array> {
  const log = new TestLog();
  const ref = await log.partition();
  const engine = log.engine();
  for (const [at, compression] of COMPRESSIONS.entries()) {
    const timestampMs = START_MS + at * 1000;
    await append(engine, ref, await keyedBatch(recordsOf("old", at), compression, timestampMs));
    await append(engine, ref, await keyedBatch(recordsOf("new", at), compression, timestampMs + 100));
  }
  await rollAll(engine, ref);
  await append(engine, ref, await keyedBatch([{ key: "last", value: "stays" }]));
  log.clock.advance(START_MS - log.clock.nowMs() + stampAgeMsMax);
  const call = callWithin(log.clock, 60_000);
  await engine.upkeep.compact(ref, effectiveConfigs({ "cleanup.policy": "compact" }, {}), call);
  const [item] = await indexOf(log, ref);
  const bytes = item?.kind === "segment" ? await log.objects.get(item.segment.objectKey, call) : undefined;
  if (bytes === undefined) throw new Error("nothing was compacted");
  return bytes;
}

/** Each codec has keys of its own: of the old ones, those not named again stay; some of the new are tombstones. */
function recordsOf(age: "old" | "new", codec: number): KeyedRecord[] {
  return Array.from({ length: KEYS }, (_, key) => ({
    key: `key-${codec}-${key}`,
    value: age === "new" && key % 4 === 3 ? null : `${age}-${"repeated ".repeat(key)}`,
  })).filter((_, key) => (age === "old" ? key % 3 !== 0 || codec > 2 : key % 2 === 1 || codec > 2));
}
