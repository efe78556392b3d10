import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAttemptsMax } from "../../../lib/base/limits.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { offsetForTime, offsetOfNewest } from "../../../lib/log/read/offset-for-time.ts";
import { readLog } from "../../../lib/log/read/read-log.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { headKey } from "../../../lib/storage/item-keys.ts";
import { HEAD } from "../../../lib/storage/items/head.ts";
import type { Intercept } from "../../support/log/intercepted.ts";
import { batchOf, numbered, readAll, recordsIn } from "../../support/log/records-of.ts";
import { append, settled, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";
import { byLength } from "../../support/test-length.ts";

/** Small enough that every kind of placement is met: the head, staged items, staged objects. */
const placement = { inlineBytesMax: 120, stagedItemBytesMax: 250 };
const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };

type Step =
  | { readonly kind: "append"; readonly batches: readonly (readonly number[])[] }
  | { readonly kind: "spill" }
  | { readonly kind: "roll" };

const batchArbitrary = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 4 });
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      batches: fc.array(batchArbitrary, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "spill" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "roll" as const }) },
);
const historyArbitrary = fc.record({
  steps: fc.array(stepArbitrary, { minLength: 1, maxLength: 14 }),
  readBlockBytes: fc.constantFrom(0, 64, 1000),
  cacheBytesMax: fc.constantFrom(0, 500, 1_000_000),
});

/** Values that tell their place; the numbers of a batch are their lengths. */
async function play(engine: LogEngine, ref: PartitionRef, steps: readonly Step[]): Promise<string[]> {
  const values: string[] = [];
  for (const step of steps) {
    if (step.kind === "spill") await spill(engine.context, ref, testCall);
    else if (step.kind === "roll") await rollPartition(engine.context, ref, WHOLE, testCall);
    else {
      const batches = step.batches.map((lengths) => lengths.map((length, at) => `${at}${"-".repeat(length)}`));
      await Promise.all(batches.map((batch) => append(engine, ref, batchOf(batch))));
      values.push(...batches.flat());
    }
  }
  return values;
}

test("a read of several blocks asks for the next one while the one before it is on its way, and for none twice", async () => {
  const log = new TestLog();
  const ref = await log.partition();
  const settings = { placement, readBlockBytes: 1000, cacheBytesMax: 1_000_000 };
  const steps: Step[] = Array.from({ length: 40 }, () => ({ kind: "append", batches: [[90]] }));
  const expected = numbered(await play(log.engine({ settings }), ref, [...steps, { kind: "spill" }, { kind: "roll" }]));
  const gets: string[] = [];
  let underWay = 0;
  let most = 0;
  const objects: Intercept = async ({ operation, args }, proceed) => {
    if (operation !== "get") return proceed();
    gets.push(JSON.stringify(args[2]));
    underWay++;
    most = Math.max(most, underWay);
    await settled();
    return proceed().finally(() => underWay--);
  };
  const reader = log.engine({ settings, objects });
  expect(recordsIn((await readLog(reader.context, ref, { offset: 0, bytesMax: 1_000_000 }, testCall)).parts)).toEqual(
    expected,
  );
  expect(most).toBe(2);
  expect(gets.length).toBeGreaterThan(4);
  expect(new Set(gets).size).toBe(gets.length);
});

test("many reads at once ask for no more blocks ahead than the cache will hold until they are needed", async () => {
  const log = new TestLog();
  const readers = 8;
  const settings = { placement, readBlockBytes: 1000, cacheBytesMax: 6 * 1200 };
  const first = await log.partition("topic", readers);
  const refs = Array.from({ length: readers }, (_, partition) => ({ ...first, partition }));
  const steps: Step[] = Array.from({ length: 40 }, () => ({ kind: "append", batches: [[90]] }));
  for (const ref of refs) await play(log.engine({ settings }), ref, [...steps, { kind: "spill" }, { kind: "roll" }]);
  let gets = 0;
  const stuck: Intercept = ({ operation }, proceed) => {
    if (operation !== "get") return proceed();
    gets++;
    return new Promise(() => undefined);
  };
  const { context } = log.engine({ settings, objects: stuck });
  for (const ref of refs) void readLog(context, ref, { offset: 0, bytesMax: 1_000_000 }, testCall);
  await settled();
  expect(gets).toBe(readers + 3);
});

describe("reading a log", () => {
  test("gives what was appended, from every offset and within every limit, wherever its bytes lie", async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary, async ({ steps, readBlockBytes, cacheBytesMax }) => {
        const log = new TestLog();
        const ref = await log.partition();
        const settings = { placement, readBlockBytes, cacheBytesMax };
        const expected = numbered(await play(log.engine({ settings }), ref, steps));
        const reader = log.engine({ settings });
        for (let from = 0; from <= expected.length; from++) {
          for (const bytesMax of [0, 150, 1_000_000]) {
            const records = await readAll(reader, ref, from, bytesMax);
            // The first batch may begin before the offset asked for, but always reaches it.
            expect(records.filter((record) => Number.parseInt(record, 10) >= from)).toEqual(expected.slice(from));
          }
        }
      }),
      { numRuns: byLength({ quick: 25, short: 200, full: 1000 }) },
    );
  });

  test("keeps to its byte limit, except for the first batch, which comes whole", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({ settings: { placement } });
    const bytes = batchOf(["x".repeat(50)]).byteLength;
    for (let count = 0; count < 6; count++) await append(engine, ref, batchOf(["x".repeat(50)]));
    for (const step of [
      () => spill(engine.context, ref, testCall),
      () => rollPartition(engine.context, ref, WHOLE, testCall),
    ]) {
      for (const [bytesMax, expected] of [
        [0, 1],
        [bytes, 1],
        [2 * bytes - 1, 1],
        [2 * bytes, 2],
        [99 * bytes, 6],
      ] as const) {
        const read = await readLog(engine.context, ref, { offset: 0, bytesMax }, testCall);
        expect(recordsIn(read.parts)).toHaveLength(expected);
      }
      await step();
    }
  });

  test("is refused below the log start and above the high watermark, with both named; at it, it is empty", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    for (const value of ["a", "b", "c"]) await append(engine, ref, batchOf([value]));
    await log.items.update(headKey(ref.topicId, 0), [set(HEAD.logStart, 1)], [], testCall);
    for (const offset of [0, 4, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const error = await refusalOf(() => readLog(engine.context, ref, { offset, bytesMax: 1 }, testCall));
      expect(error).toMatchObject({ code: "OffsetOutOfRange", details: { logStartOffset: 1, highWatermark: 3 } });
    }
    expect((await readLog(engine.context, ref, { offset: 3, bytesMax: 1 }, testCall)).parts).toEqual([]);
  });

  test("of bytes that are gone is an error that names the object, after several looks, and never a skip", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const settings = { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } };
    const writer = log.engine({ settings });
    for (const value of ["a", "b", "c"]) await append(writer, ref, batchOf([value]));
    const key = (await log.objects.list("staged/", testCall)).objects[1]?.key ?? "";
    await log.objects.delete([key], testCall);
    let looks = 0;
    const engine = log.engine({
      settings,
      objects: (passing, proceed) => {
        if (passing.args[0] === key) looks++;
        return proceed();
      },
    });
    const error = await refusalOf(() => readLog(engine.context, ref, { offset: 1, bytesMax: 1_000_000 }, testCall));
    expect(error.code).toBe("CorruptObject");
    expect(error.message).toContain(key);
    expect(looks).toBe(readAttemptsMax);
    expect(recordsIn((await readLog(engine.context, ref, { offset: 2, bytesMax: 1 }, testCall)).parts)).toEqual([
      "2:c",
    ]);
  });

  test("goes on when a roll puts a segment in the place of what it was about to read", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const writer = log.engine({ settings: { placement } });
    for (let count = 0; count < 6; count++) {
      await append(writer, ref, batchOf([`${count}`]));
      if (count % 2 === 1) await spill(writer.context, ref, testCall);
    }
    let rolled = false;
    const reader = log.engine({
      items: async (passing, proceed) => {
        if (passing.operation === "query" && !rolled) {
          rolled = true;
          await rollPartition(writer.context, ref, WHOLE, testCall);
        }
        return proceed();
      },
    });
    expect(await readAll(reader, ref, 3)).toEqual(["3:3", "4:4", "5:5"]);
    expect(rolled).toBe(true);
  });

  test("that is given up while it looks again for missing bytes fails as a request that ran out of time", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const settings = { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } };
    await append(log.engine({ settings }), ref, batchOf(["a"]));
    const { objects } = await log.objects.list("staged/", testCall);
    await log.objects.delete(
      objects.map(({ key }) => key),
      testCall,
    );
    const call = { ...testCall, signal: AbortSignal.abort(new Error("gone")) };
    const error = await refusalOf(() => readLog(log.engine().context, ref, { offset: 0, bytesMax: 1 }, call));
    expect(error.code).toBe("RequestTimedOut");
  });
});

describe("offsets for times", () => {
  const timesArbitrary = fc.array(
    fc.record({
      times: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
      next: fc.constantFrom("nothing", "nothing", "spill", "roll"),
    }),
    { minLength: 1, maxLength: 10 },
  );

  test("are exact to the record, whatever order the timestamps come in and wherever the bytes lie", async () => {
    await fc.assert(
      fc.asyncProperty(timesArbitrary, fc.nat(5), async (batches, logStart) => {
        const log = new TestLog();
        const ref = await log.partition();
        const engine = log.engine({ settings: { placement } });
        const all: number[] = [];
        for (const { times, next } of batches) {
          const records = times.map((timestampMs) => ({ key: null, value: null, headers: [], timestampMs }));
          await append(engine, ref, encodeUncompressedBatch(records));
          all.push(...times);
          if (next !== "nothing") await spill(engine.context, ref, testCall);
          if (next === "roll") await rollPartition(engine.context, ref, WHOLE, testCall);
        }
        const start = Math.min(logStart, all.length);
        await log.items.update(headKey(ref.topicId, 0), [set(HEAD.logStart, start)], [], testCall);
        const readable = all.map((timestamp, offset) => ({ offset, timestamp })).slice(start);
        for (let time = 0; time <= 42; time++) {
          const expected = readable.find(({ timestamp }) => timestamp >= time);
          expect(await offsetForTime(engine.context, ref, time, testCall)).toEqual(expected);
        }
        const newest = Math.max(...readable.map(({ timestamp }) => timestamp));
        const expected = readable.find(({ timestamp }) => timestamp === newest);
        expect(await offsetOfNewest(engine.context, ref, testCall)).toEqual(expected);
      }),
      { numRuns: byLength({ quick: 30, short: 300, full: 2000 }) },
    );
  });
});
