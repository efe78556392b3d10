import { utf8 } from "../../lib/base/bytes.ts";
import { callWithin } from "../../lib/base/call.ts";
import { stampAgeMsMax } from "../../lib/base/limits.ts";
import { systemRuntime } from "../../lib/base/system-runtime.ts";
import { openLocalStores } from "../../lib/local/local-stores.ts";
import { createLogEngine } from "../../lib/log/log-engine.ts";
import { embeddedLogSettings } from "../../lib/log/log-settings.ts";
import { rollPartition } from "../../lib/log/roll/roll-partition.ts";
import { spill } from "../../lib/log/spill.ts";
import { createTopic } from "../../lib/log/topics/create-topic.ts";
import { effectiveConfigs } from "../../lib/log/topics/topic-configs.ts";
import { readBatchHeader } from "../../lib/records/batch-header.ts";
import { encodeUncompressedBatch } from "../../lib/records/encode-batch.ts";

/** What a compaction in a process of its own has come to. */
export interface CompactionMemory {
  readonly passes: number;
  readonly removedRecords: number;
  /** What the map of keys tells of itself. */
  readonly keysBytes: number;
  /** The most at any moment, above what there was before the compaction. */
  readonly buffersBytes: number;
  readonly residentBytes: number;
}

const BATCH_RECORDS = 10_000;
const FOREVER = { deadlineMs: Number.POSITIVE_INFINITY };
const WHOLE = { bytes: 16 * 1024 * 1024, olderThan: Number.MAX_SAFE_INTEGER };

/** Writes each of so many keys twice into a directory, compacts, and prints what memory that took. */
async function run(dataDir: string, keys: number, compactionKeysBytesMax: number): Promise<CompactionMemory> {
  const system = await systemRuntime();
  let aheadMs = 0;
  const clock = { ...system.clock, nowMs: () => system.clock.nowMs() + aheadMs };
  const runtime = { ...system, clock };
  const stores = await openLocalStores({ dataDir }, runtime);
  const settings = { ...embeddedLogSettings, compactionKeysBytesMax };
  const engine = createLogEngine({ ...stores, runtime, settings });
  const { topicId } = await createTopic(engine.context, { name: "keys", partitions: 1, configs: {} }, FOREVER);
  const ref = { topicId, partition: 0 };
  const append = (values: readonly (readonly [string, string])[]) => {
    const records = values.map(([key, value]) => ({ key: utf8(key), value: utf8(value), headers: [], timestampMs: 1 }));
    const bytes = encodeUncompressedBatch(records);
    const call = callWithin(clock, 60_000);
    return new Promise((settle, fail) => {
      const header = readBatchHeader(bytes);
      engine.appender.append(ref, { bytes, header, call, gapSinceMs: undefined, settle, fail });
    });
  };
  const roll = async () => {
    await spill(engine.context, ref, FOREVER);
    while ((await rollPartition(engine.context, ref, WHOLE, FOREVER)) > 0);
  };
  for (const round of ["old", "new"]) {
    for (let first = 0; first < keys; first += BATCH_RECORDS) {
      const count = Math.min(BATCH_RECORDS, keys - first);
      await append(Array.from({ length: count }, (_, at) => [`key-${first + at}`, round]));
      if ((first / BATCH_RECORDS) % 20 === 19) await roll();
    }
  }
  await roll();
  await append([["last", "stays"]]);
  aheadMs = stampAgeMsMax + 1;
  globalThis.gc?.();
  const before = process.memoryUsage();
  let buffersBytes = 0;
  let residentBytes = 0;
  const look = async (): Promise<void> => {
    const { arrayBuffers, rss } = process.memoryUsage();
    buffersBytes = Math.max(buffersBytes, arrayBuffers - before.arrayBuffers);
    residentBytes = Math.max(residentBytes, rss - before.rss);
  };
  const configs = effectiveConfigs({ "cleanup.policy": "compact" }, {});
  const compacted = await engine.upkeep.compact(ref, configs, FOREVER, look);
  if (compacted?.complete !== true) throw new Error(`not compacted: ${JSON.stringify(compacted)}`);
  await engine.close();
  await stores.close();
  const { passes, removedRecords, keysBytes } = compacted;
  return { passes, removedRecords, keysBytes, buffersBytes, residentBytes };
}

const [dataDir = "", keys, keysBytesMax] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await run(dataDir, Number(keys), Number(keysBytesMax))));
