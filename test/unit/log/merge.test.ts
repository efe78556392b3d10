import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { commitStamp, type Stamp } from "../../../lib/base/ids.ts";
import { segmentMergesMax, stampAgeMsMax } from "../../../lib/base/limits.ts";
import type { Logger } from "../../../lib/base/logger.ts";
import { silentLogger } from "../../../lib/base/logger.ts";
import { collect } from "../../../lib/log/collect/collect.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { createLogEngine, type LogEngine } from "../../../lib/log/log-engine.ts";
import { embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import type { MergeLimits } from "../../../lib/log/merge/choose-merge-inputs.ts";
import { mergePartition } from "../../../lib/log/merge/merge-partition.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { restoreLog } from "../../../lib/log/restore/restore-log.ts";
import { openStoreIdentity } from "../../../lib/log/store-identity.ts";
import { swapIndexItems } from "../../../lib/log/swap-index-items.ts";
import { verifyLog } from "../../../lib/log/verify/verify-log.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { controlKey } from "../../../lib/storage/item-keys.ts";
import { CONTROL } from "../../../lib/storage/items/control.ts";
import { parseSegmentPieceKey } from "../../../lib/storage/object-keys.ts";
import { isSwap } from "../../support/log/intercepted.ts";
import { batchOf, readAll } from "../../support/log/records-of.ts";
import { expectSound, indexOf, rollAll } from "../../support/log/segments-of.ts";
import { append, gate, lostReply, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const LIMITS: MergeLimits = { bytes: 1000, spanMs: Number.POSITIVE_INFINITY, inputs: 98 };

/** One segment per number, of about so many bytes. */
async function segments(log: TestLog, sizes: readonly number[], at?: PartitionRef): Promise<PartitionRef> {
  const ref = at ?? (await log.partition());
  const engine = log.engine();
  for (const [index, size] of sizes.entries()) {
    await append(engine, ref, batchOf(["x".repeat(size), `of ${index}`], undefined, 1000 + ((index * 7) % 5)));
    await rollAll(engine, ref);
  }
  return ref;
}

async function mergeAll(engine: LogEngine, ref: PartitionRef, limits = LIMITS): Promise<number> {
  const damaged = new Set<string>();
  for (let merges = 0; ; merges++) {
    const { inputs } = await mergePartition(engine.context, ref, limits, damaged, testCall);
    if (inputs === 0) return merges;
  }
}

describe("a merge", () => {
  test("of segments of any sizes, by any store, changes nothing that is read, and its segments are sound", async () => {
    const size = fc.oneof(fc.nat(30), fc.nat(400), fc.integer({ min: 400, max: 2500 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { minLength: 2, maxLength: 14 }),
        fc.option(fc.integer({ min: 1, max: 1500 }), { nil: undefined }),
        fc.integer({ min: 300, max: 6000 }),
        fc.integer({ min: 2, max: 6 }),
        async (sizes, partBytesMin, bytes, inputs) => {
          const log = new TestLog(partBytesMin === undefined ? {} : { composePartBytesMin: partBytesMin });
          const ref = await segments(log, sizes);
          const before = await readAll(log.engine(), ref);
          const engine = log.engine({ settings: { merge: { bytes, bufferBytes: 700, inputsMax: 98 } } });
          await mergeAll(engine, ref, { ...LIMITS, bytes, inputs });
          const items = await expectSound(log, ref);
          for (const item of items) {
            expect(item.kind === "segment" ? (item.segment.merges ?? 0) : 0).toBeLessThanOrEqual(segmentMergesMax);
          }
          expect(await readAll(log.engine(), ref)).toEqual(before);
          for (let offset = 0; offset < before.length; offset++) {
            expect(await readAll(log.engine(), ref, offset, 300)).toEqual(before.slice(offset - (offset % 2)));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("lets the store copy what is large, and takes through its own hands only runs of what is small", async () => {
    const log = new TestLog({ composePartBytesMin: 500 });
    const ref = await segments(log, [900, 900, 100, 900, 100]);
    const engine = log.engine();
    await mergeAll(engine, ref, { ...LIMITS, bytes: 3000 });
    const [item] = await expectSound(log, ref);
    expect(item).toMatchObject({ base: 0, end: 8 });
    const copied = log.counts.get("log.merge.bytes.copied") ?? 0;
    const put = log.counts.get("log.merge.bytes.put") ?? 0;
    expect(put).toBeLessThan(2000);
    expect(copied).toBeGreaterThan(3000);
  });

  test("by two brokers at once leaves one segment referred to", async () => {
    const log = new TestLog();
    const ref = await segments(log, [300, 300, 300, 300]);
    const before = await readAll(log.engine(), ref);
    const ready = [gate(), gate()] as const;
    const mergeOf = (own: 0 | 1) => {
      const engine = log.engine({
        items: async (passing, proceed) => {
          if (isSwap(passing)) {
            ready[own].open();
            await Promise.all(ready.map(({ opened }) => opened));
          }
          return proceed();
        },
      });
      return mergePartition(engine.context, ref, LIMITS, new Set(), testCall);
    };
    const merged = await Promise.all([mergeOf(0), mergeOf(1)]);
    expect(merged.filter(({ inputs }) => inputs > 0)).toHaveLength(1);
    await expectSound(log, ref);
    expect(await readAll(log.engine(), ref)).toEqual(before);
  });

  test.each(["before", "after"])(
    "that dies %s its swap leaves the log as it was, and the next goes on",
    async (side) => {
      const log = new TestLog({ composePartBytesMin: 100 });
      const ref = await segments(log, [300, 300, 300, 300]);
      const before = await readAll(log.engine(), ref);
      const engine = log.engine({
        items: async (passing, proceed) => {
          if (!isSwap(passing)) return proceed();
          if (side === "after") await proceed();
          throw lostReply();
        },
      });
      expect(await mergePartition(engine.context, ref, LIMITS, new Set(), testCall)).toMatchObject({ inputs: 0 });
      expect(await readAll(engine, ref)).toEqual(before);
      await mergeAll(log.engine(), ref);
      await expectSound(log, ref);
      expect(await readAll(log.engine(), ref)).toEqual(before);
    },
  );

  test("is refused for ever once the control's horizon stands at its stamp", async () => {
    const log = new TestLog();
    const ref = await segments(log, [400, 400, 400]);
    const horizon = log.clock.nowMs() + 10;
    await log.items.update(controlKey(ref.topicId, 0), [set(CONTROL.horizon, horizon)], [], testCall);
    expect(await mergeAll(log.engine(), ref)).toBe(0);
    expect(await indexOf(log, ref)).toHaveLength(3);
    log.clock.advance(11);
    expect(await mergeAll(log.engine(), ref)).toBe(1);
  });

  test("never takes the place of an item that was replaced since it was read", async () => {
    const log = new TestLog();
    const ref = await segments(log, [400, 400, 400]);
    const engine = log.engine({
      items: async (passing, proceed) => {
        if (isSwap(passing)) {
          const [first] = await indexOf(log, ref);
          const stamp = log.clock.nowMs() as Stamp;
          if (first?.tag !== undefined && first.kind === "segment") {
            const swap = { inputs: [first], content: { kind: "void" as const }, stamp };
            await swapIndexItems(log.engine().context, ref, swap, testCall);
          }
        }
        return proceed();
      },
    });
    expect(await mergePartition(engine.context, ref, LIMITS, new Set(), testCall)).toMatchObject({ inputs: 0 });
    expect((await indexOf(log, ref)).map(({ kind }) => kind)).toEqual(["void", "segment", "segment"]);
  });
});

describe("a damaged segment", () => {
  const damagedCases = [
    ["one bit", (bytes: Uint8Array) => bytes.with(100, (bytes[100] ?? 0) ^ 1), {}],
    ["its end", (bytes: Uint8Array) => bytes.subarray(0, -1), {}],
    ["its end, where the store composes", (bytes: Uint8Array) => bytes.subarray(0, -1), { composePartBytesMin: 100 }],
  ] as const;

  test.each(damagedCases)(
    "that lacks %s is left alone and told by file and range; the others are merged around it",
    async (_, damage, store) => {
      const log = new TestLog(store);
      const ref = await segments(log, [500, 500, 300, 500, 500, 500]);
      const broken = (await indexOf(log, ref))[2];
      const objectKey = broken?.kind === "segment" ? broken.segment.objectKey : "";
      const whole = (await log.objects.get(objectKey, testCall)) ?? new Uint8Array();
      await log.objects.put(objectKey, [damage(whole)], testCall);
      const told: unknown[] = [];
      const logger: Logger = { ...silentLogger, error: (_message, details) => told.push(details) };
      const engine = log.engine({ logger });
      // The first window takes the damaged one in, before it is known.
      await mergeAll(engine, ref, { ...LIMITS, bytes: 1500 });
      expect(told).toMatchObject([{ objectKey, start: 0, end: whole.byteLength }]);
      const items = await indexOf(log, ref);
      expect(items.map(({ base, end }) => `${base}-${end}`)).toEqual(["0-4", "4-6", "6-12"]);
      expect(items[1]).toEqual(broken);
    },
  );

  test("is not told when it was only replaced, and collected, while it was being read", async () => {
    const log = new TestLog();
    const ref = await segments(log, [400, 400, 400]);
    const before = await readAll(log.engine(), ref);
    const told: unknown[] = [];
    let raced = false;
    const engine = log.engine({
      logger: { ...silentLogger, error: (message) => told.push(message) },
      objects: async (passing, proceed) => {
        if (passing.operation === "get" && !raced) {
          raced = true;
          await mergeAll(log.engine(), ref);
          const kept = (await indexOf(log, ref)).map((item) => (item.kind === "segment" ? item.segment.objectKey : ""));
          const { objects } = await log.objects.list("topics/", testCall);
          const doomed = objects.map(({ key }) => key).filter((key) => key.endsWith(".log") && !kept.includes(key));
          await log.objects.delete(doomed, testCall);
        }
        return proceed();
      },
    });
    expect(await mergePartition(engine.context, ref, LIMITS, new Set(), testCall)).toMatchObject({ inputs: 0 });
    expect(told).toEqual([]);
    expect(await readAll(engine, ref)).toEqual(before);
  });
});

describe("commit ids", () => {
  test("above the horizon are still told after a merge; those at or below it are forgotten", async () => {
    const log = new TestLog();
    const ref = await segments(log, [200, 200]);
    const old = (await indexOf(log, ref)).flatMap((item) => (item.kind === "segment" ? item.segment.commits : []));
    log.clock.advance(stampAgeMsMax + 1);
    await segments(log, [200, 200], ref);
    const all = (await indexOf(log, ref)).flatMap((item) => (item.kind === "segment" ? item.segment.commits : []));
    expect(all).toHaveLength(4);
    await mergeAll(log.engine(), ref, { ...LIMITS, bytes: 900 });
    const [item] = await expectSound(log, ref);
    const segment = item?.kind === "segment" ? item.segment : undefined;
    expect(segment?.commits).toEqual(all.slice(2));
    expect(segment?.forgotten).toBe(Math.max(...old.map(({ id }) => commitStamp(id))));
    const { horizon } = await readHead(log.engine().context, ref, testCall);
    expect(horizon).toBeGreaterThanOrEqual(segment?.forgotten ?? Number.POSITIVE_INFINITY);
  });

  test("that cannot be forgotten yet, and are too many for one item, make a merge wait", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({ settings: { tail: { ...embeddedLogSettings.tail, entriesSoftMax: 120 } } });
    for (let segment = 0; segment < 2; segment++) {
      for (let at = 0; at < 1200; at++) await append(engine, ref, batchOf(["x"]));
      await rollAll(engine, ref);
    }
    expect(await indexOf(log, ref)).toHaveLength(2);
    const limits = { ...LIMITS, bytes: 1_000_000, inputs: 2 };
    expect(await mergeAll(engine, ref, limits)).toBe(0);
    log.clock.advance(stampAgeMsMax + 1);
    expect(await mergeAll(engine, ref, limits)).toBe(1);
    expect((await expectSound(log, ref)).length).toBe(1);
  });
});

describe("what a merge or a compaction leaves behind", () => {
  test("is collected with its pieces, passes verification, and is no segment to a restore", async () => {
    const log = new TestLog({ composePartBytesMin: 300 });
    await openStoreIdentity(log.engine().context, log.runtime(), testCall);
    const ref = await segments(log, [900, 100, 100, 900, 100]);
    const before = await readAll(log.engine(), ref);
    await mergeAll(log.engine(), ref, { ...LIMITS, bytes: 2000 });
    const keys = async () => (await log.objects.list("topics/", testCall)).objects.map(({ key }) => key);
    expect((await keys()).some((key) => parseSegmentPieceKey(key) !== undefined)).toBe(true);
    const verified = await verifyLog({ objects: log.objects, items: log.items }, { clock: log.clock });
    expect(verified.damages).toEqual([]);
    const items = new MemoryItemStore();
    const report = await restoreLog({ objects: log.objects, items }, { runtime: log.runtime() });
    expect(report.unplaced).toEqual([]);
    const restored = createLogEngine({ ...log.engine().context, items, runtime: log.runtime() });
    expect((await readAll(restored, ref)).slice(0, before.length)).toEqual(before);
  });

  test("goes when it is old, and what is referred to stays", async () => {
    const log = new TestLog({ composePartBytesMin: 300 });
    const { incarnation } = await openStoreIdentity(log.engine().context, log.runtime(), testCall);
    const ref = await segments(log, [900, 100, 100, 900, 100]);
    const before = await readAll(log.engine(), ref);
    await mergeAll(log.engine(), ref, { ...LIMITS, bytes: 2000 });
    log.clock.advance(3_600_000);
    const rules = { incarnation, ageMs: 60_000, dryRun: false };
    await collect(log.engine().context, rules, { after: undefined, between: async () => undefined }, testCall);
    const { objects } = await log.objects.list(`topics/${ref.topicId}/0/`, testCall);
    const referred = (await expectSound(log, ref)).map((item) =>
      item.kind === "segment" ? item.segment.objectKey : "",
    );
    expect(objects.map(({ key }) => key)).toEqual(referred);
    expect(await readAll(log.engine(), ref)).toEqual(before);
  });
});
