import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stampAgeMsMax } from "../../../lib/base/limits.ts";
import { silentLogger } from "../../../lib/base/logger.ts";
import { compactPartition } from "../../../lib/log/compact/compact-partition.ts";
import type { CompactionRules } from "../../../lib/log/compact/compaction.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { mergePartition } from "../../../lib/log/merge/merge-partition.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { controlKey } from "../../../lib/storage/item-keys.ts";
import { decodeControl } from "../../../lib/storage/items/control.ts";
import { isSwap } from "../../support/log/intercepted.ts";
import { type KeyedAt, type KeyedRecord, keyedBatch, readKeyed } from "../../support/log/keyed-records.ts";
import { expectSound, indexOf, rollAll } from "../../support/log/segments-of.ts";
import { append, gate, lostReply, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const RULES: CompactionRules = {
  ...effectiveConfigs({ "cleanup.policy": "compact" }, {}),
  deleteRetentionMs: 10_000,
  minCompactionLagMs: 0,
  segmentBytes: 1_000_000,
  minDirtyRatio: 0.5,
};
const MERGE = { bytes: 4000, bufferBytes: 500, inputsMax: 98 };

async function compact(
  engine: LogEngine,
  ref: PartitionRef,
  rules: Partial<CompactionRules> = {},
  damaged = new Set<string>(),
) {
  const options = { rules: { ...RULES, ...rules }, damaged, giveWay: async () => undefined };
  return compactPartition(engine.context, ref, options, testCall);
}

/** Each list of records becomes a segment of one batch; a last one is there that compaction never takes. */
async function segments(log: TestLog, batches: readonly (readonly KeyedRecord[])[], at?: PartitionRef) {
  const ref = at ?? (await log.partition());
  const engine = log.engine();
  for (const records of batches) {
    await append(engine, ref, await keyedBatch(records, "none", log.clock.nowMs()));
    await rollAll(engine, ref);
  }
  return ref;
}

const put = (key: string, value: string): KeyedRecord => ({ key, value });
const tombstone = (key: string): KeyedRecord => ({ key, value: null });
const LAST = [put("last", "stays")];
const told = (records: readonly KeyedAt[]) => records.map(({ offset, key, value }) => `${offset}:${key}=${value}`);
const settle = (log: TestLog) => log.clock.advance(stampAgeMsMax + 1);

async function controlOf(log: TestLog, ref: PartitionRef) {
  return decodeControl((await log.items.get(controlKey(ref.topicId, 0), testCall)) ?? {});
}

describe("compaction", () => {
  test("leaves the last record of each key, at its offset", async () => {
    const log = new TestLog();
    const ref = await segments(log, [
      [put("a", "1"), put("b", "1"), put("a", "2")],
      [put("c", "1")],
      [put("b", "2"), put("c", "2")],
      LAST,
    ]);
    settle(log);
    const compacted = await compact(log.engine(), ref);
    expect(compacted).toMatchObject({ complete: true, cleanedEnd: 6, removedRecords: 3, passes: 1 });
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["2:a=2", "4:b=2", "5:c=2", "6:last=stays"]);
    await expectSound(log, ref);
    expect((await controlOf(log, ref)).cleanedEnd).toBe(6);
  });

  test("of any keys, codecs and segments, in as little memory as you like, keeps what a map would keep", async () => {
    const record = fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      value: fc.option(fc.string({ maxLength: 40 })),
    });
    const batch = fc.record({
      records: fc.array(record, { minLength: 1, maxLength: 8 }),
      codec: fc.constantFrom("none" as const, "gzip" as const, "lz4" as const, "zstd" as const, "snappy" as const),
      rolled: fc.boolean(),
      after: fc.constantFrom("nothing" as const, "compact" as const, "merge" as const, "nothing" as const),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { minLength: 2, maxLength: 14 }),
        fc.constantFrom(40, 65, 100, 1_000_000),
        fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
        async (batches, keysBytes, partBytesMin) => {
          const log = new TestLog(partBytesMin === undefined ? {} : { composePartBytesMin: partBytesMin });
          const ref = await log.partition();
          const engine = log.engine({ settings: { compactionKeysBytesMax: keysBytes, merge: MERGE } });
          for (const { records, codec, rolled, after: what } of batches) {
            await append(engine, ref, await keyedBatch(records, codec, log.clock.nowMs()));
            if (rolled) await rollAll(engine, ref);
            settle(log);
            if (what === "compact") await compact(engine, ref, { minDirtyRatio: 0, deleteRetentionMs: 1e12 });
            if (what === "merge") {
              const limits = { bytes: 700, spanMs: Number.POSITIVE_INFINITY, inputs: 3 };
              await mergePartition(engine.context, ref, limits, new Set(), testCall);
            }
          }
          await rollAll(engine, ref);
          await append(engine, ref, await keyedBatch(LAST));
          await rollAll(engine, ref);
          settle(log);
          const before = await readKeyed(engine, ref);
          const compacted = await compact(engine, ref, { minDirtyRatio: 0, deleteRetentionMs: 1e12 });
          expect(compacted?.complete ?? true).toBe(true);
          const all = batches.flatMap(({ records }) => records);
          const model = new Map<string, string>();
          for (const [offset, { key, value }] of all.entries()) model.set(key, `${offset}:${key}=${value}`);
          const expected = [...model.values()].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
          const after = await readKeyed(engine, ref);
          expect(told(after)).toEqual([...expected, `${all.length}:last=stays`]);
          for (const kept of after) expect(before).toContainEqual(kept);
          await expectSound(log, ref);
        },
      ),
      { numRuns: 120 },
    );
  });

  test("keeps a batch's base and last offset, leader epoch, codec and sequence", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    const original = await keyedBatch([put("a", "1"), put("b", "1"), put("c", "1")], "lz4");
    await append(engine, ref, original);
    await append(engine, ref, await keyedBatch([put("c", "2"), put("a", "2")]));
    await append(engine, ref, await keyedBatch(LAST));
    await rollAll(engine, ref);
    await segments(log, [LAST], ref);
    settle(log);
    await compact(engine, ref);
    const [item] = await indexOf(log, ref);
    const object = item?.kind === "segment" ? await log.objects.get(item.segment.objectKey, testCall) : undefined;
    const header = readBatchHeader(object ?? new Uint8Array());
    const before = readBatchHeader(original);
    expect(header).toMatchObject({ baseOffset: 0, lastOffsetDelta: 2, recordCount: 1, leaderEpoch: 0 });
    expect(header).toMatchObject({ attributes: before.attributes, baseTimestamp: before.baseTimestamp });
    expect(header).toMatchObject({ producerId: before.producerId, baseSequence: before.baseSequence });
    expect(header.maxTimestamp).toBe(before.baseTimestamp + 1);
  });

  test("drops a tombstone only when its time has passed since it was first compacted", async () => {
    const log = new TestLog();
    const ref = await segments(log, [[put("a", "1"), put("b", "1")], [tombstone("a")], LAST]);
    settle(log);
    await compact(log.engine(), ref);
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["1:b=1", "2:a=null", "3:last=stays"]);
    const { tombstonesDueMs } = await controlOf(log, ref);
    expect(tombstonesDueMs).toBe(log.clock.nowMs() + RULES.deleteRetentionMs);
    log.clock.advance(RULES.deleteRetentionMs - 1);
    expect(await compact(log.engine(), ref)).toBeUndefined();
    log.clock.advance(1);
    expect(await compact(log.engine(), ref)).toMatchObject({ removedRecords: 1, complete: true });
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["1:b=1", "3:last=stays"]);
    expect((await controlOf(log, ref)).tombstonesDueMs).toBe(0);
    await expectSound(log, ref);
  });

  test("keeps timestamps when it notes in a batch how long its tombstones stay", async () => {
    const log = new TestLog();
    const ref = await segments(log, [[put("a", "1"), tombstone("b"), put("c", "1")], LAST]);
    const before = await readKeyed(log.engine(), ref);
    settle(log);
    expect(await compact(log.engine(), ref)).toMatchObject({ removedRecords: 0, complete: true });
    expect(await readKeyed(log.engine(), ref)).toEqual(before);
    await expectSound(log, ref);
  });

  test("a tombstone whose older records could not be removed stays, whatever its age", async () => {
    const log = new TestLog();
    const ref = await segments(log, [[put("a", "1")], [put("b", "1"), put("b", "2")], [tombstone("a")], LAST]);
    settle(log);
    const first = (await indexOf(log, ref))[0];
    const engine = log.engine({
      items: async (passing, proceed) => {
        const parts = passing.operation === "transact" ? JSON.stringify(passing.args[0]) : "";
        if (first !== undefined && parts.includes(first.tag)) throw lostReply();
        return proceed();
      },
      settings: { merge: { bytes: 1, bufferBytes: 1, inputsMax: 98 } },
    });
    expect(await compact(engine, ref)).toMatchObject({ complete: false });
    log.clock.advance(RULES.deleteRetentionMs * 5);
    expect(await compact(engine, ref)).toMatchObject({ complete: false });
    expect(told(await readKeyed(log.engine(), ref))).toContain("3:a=null");
    expect(await compact(log.engine(), ref)).toMatchObject({ complete: true });
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["2:b=2", "3:a=null", "4:last=stays"]);
    log.clock.advance(RULES.deleteRetentionMs * 5);
    await compact(log.engine(), ref);
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["2:b=2", "4:last=stays"]);
  });

  test("leaves alone what is younger than the topic's lag, the newest item, the tail and what is not rolled", async () => {
    const log = new TestLog();
    const ref = await segments(log, [[put("a", "1")], [put("a", "2")], [put("a", "3")]]);
    settle(log);
    expect(await compact(log.engine(), ref, { minCompactionLagMs: stampAgeMsMax * 2 })).toBeUndefined();
    await compact(log.engine(), ref);
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["1:a=2", "2:a=3"]);
    await append(log.engine(), ref, await keyedBatch([put("a", "4")]));
    settle(log);
    await compact(log.engine(), ref, { minDirtyRatio: 0 });
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["2:a=3", "3:a=4"]);
    const { tailBase } = await readHead(log.engine().context, ref, testCall);
    expect(tailBase).toBe(3);
  });

  test("waits until enough is dirty", async () => {
    const log = new TestLog();
    const ref = await segments(log, [[put("a", "x".repeat(900)), put("b", "y".repeat(900))], LAST]);
    settle(log);
    await compact(log.engine(), ref);
    await segments(log, [[put("a", "z")], LAST], ref);
    settle(log);
    expect(await compact(log.engine(), ref)).toBeUndefined();
    await segments(log, [[put("c", "z".repeat(3000))], LAST], ref);
    settle(log);
    expect(await compact(log.engine(), ref)).toMatchObject({ complete: true });
  });

  test("joins nothing so far apart that retention would keep much more than was asked for", async () => {
    const log = new TestLog();
    const ref = await segments(log, [[put("a", "1"), put("b", "1")]]);
    for (const key of ["a", "c", "a", "d"]) {
      log.clock.advance(10_000);
      await segments(log, [[put(key, "2"), put(key, "3")]], ref);
    }
    await segments(log, [LAST], ref);
    settle(log);
    const rules = effectiveConfigs({ "cleanup.policy": "compact,delete", "retention.ms": "80000" }, {});
    await compact(log.engine(), ref, { ...rules, minDirtyRatio: 0 });
    const segmentsLeft = (await indexOf(log, ref)).map(({ base, end }) => [base, end]);
    expect(segmentsLeft).toEqual([
      [0, 6],
      [6, 10],
      [10, 11],
    ]);
  });

  test("drops records without a key, as Kafka's cleaner does", async () => {
    const log = new TestLog();
    const ref = await segments(log, [[{ key: null, value: "x" }, put("a", "1")], [{ key: null, value: "y" }], LAST]);
    settle(log);
    await compact(log.engine(), ref);
    expect(told(await readKeyed(log.engine(), ref))).toEqual(["1:a=1", "3:last=stays"]);
  });
});

describe("beside others", () => {
  const HISTORY = [
    [put("a", "1"), put("b", "1")],
    [put("a", "2"), put("c", "1")],
    [put("b", "2"), put("a", "3")],
    LAST,
  ];
  const RESULT = ["3:c=1", "4:b=2", "5:a=3", "6:last=stays"];

  test("two compactions at once end as one", async () => {
    const log = new TestLog();
    const ref = await segments(log, HISTORY);
    settle(log);
    const ready = [gate(), gate()] as const;
    const run = (own: 0 | 1) => {
      let waited = false;
      const engine = log.engine({
        items: async (passing, proceed) => {
          if (isSwap(passing) && !waited) {
            waited = true;
            ready[own].open();
            await Promise.all(ready.map(({ opened }) => opened));
          }
          return proceed();
        },
      });
      return compact(engine, ref);
    };
    await Promise.all([run(0), run(1)]);
    expect(told(await readKeyed(log.engine(), ref))).toEqual(RESULT);
    await expectSound(log, ref);
  });

  test("a merge that started earlier does not undo it, and one that wins only delays it", async () => {
    for (const winner of ["compaction", "merge"]) {
      const log = new TestLog();
      const ref = await segments(log, HISTORY);
      settle(log);
      const limits = { bytes: 250, spanMs: Number.POSITIVE_INFINITY, inputs: 98 };
      const merge = (engine: LogEngine) => mergePartition(engine.context, ref, limits, new Set(), testCall);
      let raced = false;
      const racing = log.engine({
        items: async (passing, proceed) => {
          if (isSwap(passing) && !raced) {
            raced = true;
            if (winner === "compaction") await compact(log.engine(), ref);
            else await merge(log.engine());
          }
          return proceed();
        },
      });
      if (winner === "compaction") expect(await merge(racing)).toMatchObject({ inputs: 0 });
      else expect(await compact(racing, ref)).toMatchObject({ complete: true });
      expect(raced).toBe(true);
      expect(told(await readKeyed(log.engine(), ref))).toEqual(RESULT);
      await expectSound(log, ref);
    }
  });

  test.each(["before", "after"])(
    "one that dies %s a swap leaves every last record, and the next finishes",
    async (side) => {
      const log = new TestLog();
      const ref = await segments(log, HISTORY);
      settle(log);
      const engine = log.engine({
        settings: { merge: { bytes: 1, bufferBytes: 1, inputsMax: 98 } },
        items: async (passing, proceed) => {
          if (!isSwap(passing)) return proceed();
          if (side === "after") await proceed();
          throw lostReply();
        },
      });
      await compact(engine, ref);
      const left = told(await readKeyed(log.engine(), ref));
      for (const record of RESULT) expect(left).toContain(record);
      await compact(log.engine(), ref, { minDirtyRatio: 0 });
      expect(told(await readKeyed(log.engine(), ref))).toEqual(RESULT);
      await expectSound(log, ref);
    },
  );

  test("readers read on at every step of it", async () => {
    const log = new TestLog();
    const ref = await segments(log, HISTORY);
    settle(log);
    const reader = log.engine();
    let steps = 0;
    const engine = log.engine({
      items: async (passing, proceed) => {
        const answer = await proceed();
        if (passing.operation === "transact") {
          steps++;
          const seen = told(await readKeyed(reader, ref, 100));
          for (const record of RESULT) expect(seen).toContain(record);
        }
        return answer;
      },
      settings: { merge: { bytes: 1, bufferBytes: 1, inputsMax: 98 } },
    });
    await compact(engine, ref);
    expect(steps).toBeGreaterThan(1);
  });

  test("a damaged segment is left as it is and told; the rest is compacted around it", async () => {
    const log = new TestLog();
    const ref = await segments(log, HISTORY);
    settle(log);
    const broken = (await indexOf(log, ref))[1];
    const objectKey = broken?.kind === "segment" ? broken.segment.objectKey : "";
    const bytes = (await log.objects.get(objectKey, testCall)) ?? new Uint8Array();
    await log.objects.put(objectKey, [bytes.with(-3, (bytes.at(-3) ?? 0) ^ 1)], testCall);
    const errors: unknown[] = [];
    const engine = log.engine({ logger: { ...silentLogger, error: (_, details) => errors.push(details) } });
    const damaged = new Set<string>();
    expect(await compact(engine, ref, {}, damaged)).toMatchObject({ complete: false });
    expect(errors).toMatchObject([{ objectKey, start: 0, end: bytes.byteLength }]);
    expect(damaged).toEqual(new Set([objectKey]));
    const items = await indexOf(log, ref);
    expect(items[1]).toEqual(broken);
    expect(items[0]).toMatchObject({ kind: "void" });
    expect((await controlOf(log, ref)).cleanedEnd).toBe(0);
  });
});

test("batches of a compacted segment stand where they stood", async () => {
  const log = new TestLog();
  const ref = await segments(log, [[put("a", "1")], [put("b", "1"), put("a", "2")], LAST]);
  settle(log);
  await compact(log.engine(), ref);
  const [item] = await indexOf(log, ref);
  const object = item?.kind === "segment" ? await log.objects.get(item.segment.objectKey, testCall) : undefined;
  const headers = splitBatches(object ?? new Uint8Array()).map((batch) => readBatchHeader(batch));
  expect(headers.map((header) => [header.baseOffset, endOffsetOf(header)])).toEqual([[1, 3]]);
});
