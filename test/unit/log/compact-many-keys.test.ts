import { expect, test } from "vitest";
import { utf8 } from "../../../lib/base/bytes.ts";
import { compactionKeysBytesMax, stampAgeMsMax } from "../../../lib/base/limits.ts";
import { compactPartition } from "../../../lib/log/compact/compact-partition.ts";
import { KeyMap } from "../../../lib/log/compact/key-map.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { expectSound, indexOf, rollAll } from "../../support/log/segments-of.ts";
import { append, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";
import { byLength } from "../../support/test-length.ts";

const MIB = 1024 * 1024;
const KEYS = byLength({ quick: 60_000, short: 1_000_000, full: 5_000_000 });
/** In quick runs so small that several passes are needed all the same. */
const KEYS_BYTES_MAX = byLength({ quick: MIB / 2, short: 8 * MIB, full: compactionKeysBytesMax / 2 });
const BATCH_RECORDS = 10_000;
const TIMEOUT_MS = 30 * 60_000;

test(
  `${KEYS} keys, each written twice, are compacted in ${KEYS_BYTES_MAX / MIB} MiB for keys`,
  async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({ settings: { compactionKeysBytesMax: KEYS_BYTES_MAX } });
    for (let round = 0; round < 2; round++) {
      for (let first = 0; first < KEYS; first += BATCH_RECORDS) {
        const count = Math.min(BATCH_RECORDS, KEYS - first);
        const records = Array.from({ length: count }, (_, at) => {
          return { key: utf8(`key-${first + at}`), value: utf8(String(round)), headers: [], timestampMs: 1000 };
        });
        await append(engine, ref, encodeUncompressedBatch(records));
        if ((first / BATCH_RECORDS) % 20 === 19) await rollAll(engine, ref);
      }
    }
    await rollAll(engine, ref);
    await append(
      engine,
      ref,
      encodeUncompressedBatch([{ key: utf8("last"), value: utf8(""), headers: [], timestampMs: 1 }]),
    );
    await rollAll(engine, ref);
    log.clock.advance(stampAgeMsMax + 1);
    const configs = effectiveConfigs({ "cleanup.policy": "compact" }, {});
    const rules = { ...configs, deleteRetentionMs: 0, segmentBytes: 1e12 };
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const giveWay = async () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const compacted = await compactPartition(engine.context, ref, { rules, damaged: new Set(), giveWay }, testCall);
    expect(compacted).toMatchObject({ complete: true, removedRecords: KEYS, cleanedEnd: 2 * KEYS });
    expect(compacted?.passes).toBeGreaterThan(1);
    const figures = { passes: compacted?.passes, mostMiB: Math.round(most / MIB), keysMiB: KEYS_BYTES_MAX / MIB };
    process.stdout.write(`compaction of ${KEYS} keys: ${JSON.stringify(figures)}\n`);
    const items = await expectSound(log, ref);
    const records = items.reduce((sum, item) => sum + (item.kind === "segment" ? item.segment.records : 0), 0);
    expect(records).toBe(KEYS + 1);
    expect(await indexOf(log, ref)).toHaveLength(items.length);
  },
  TIMEOUT_MS,
);

test("a map of keys never takes more memory than it may, and says when it is full", () => {
  const bytesMax = 100_000;
  const before = process.memoryUsage().arrayBuffers;
  const map = new KeyMap(500, 10_000_000, bytesMax);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThanOrEqual(bytesMax + 1000);
  let taken = 0;
  while (map.put(utf8(`key ${taken}`), 500 + taken)) taken++;
  expect(taken).toBeGreaterThan((bytesMax / 20) * 0.7);
  for (let at = 0; at < taken; at++) expect(map.get(utf8(`key ${at}`))).toBe(500 + at);
  expect(map.get(utf8(`key ${taken}`))).toBeUndefined();
  expect(map.put(utf8("key 0"), 900_000)).toBe(true);
  expect(map.get(utf8("key 0"))).toBe(900_000);
  expect(map.size).toBe(taken);
});

test("a map of keys takes the memory that it tells, and begins anew in the same", () => {
  for (const [keys, bytesMax] of [
    [10, MIB],
    [10_000_000, MIB],
    [2 ** 31, 4 * MIB],
  ] as const) {
    expect(new KeyMap(0, keys, bytesMax).bytes).toBeLessThanOrEqual(bytesMax);
  }
  const map = new KeyMap(0, 1000, MIB);
  const { bytes } = map;
  map.put(utf8("a"), 7);
  map.restart(1000);
  expect(map).toMatchObject({ base: 1000, size: 0, bytes });
  expect(map.get(utf8("a"))).toBeUndefined();
  expect(map.put(utf8("b"), 1005)).toBe(true);
  expect([map.get(utf8("a")), map.get(utf8("b"))]).toEqual([undefined, 1005]);
});
