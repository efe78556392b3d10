import { describe, expect, test } from "vitest";
import { callWithin } from "../../../lib/base/call.ts";
import { crc32c } from "../../../lib/base/crc32c.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { commitStamp } from "../../../lib/base/ids.ts";
import { serviceCallMsDefault, stampAgeMsMax } from "../../../lib/base/limits.ts";
import { indexItemAt, tilingItems } from "../../../lib/log/index-items.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { rollOld } from "../../../lib/log/roll/roll-old.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { createTopic } from "../../../lib/log/topics/create-topic.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { readBatchHeader } from "../../../lib/records/batch-header.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { controlKey, headKey } from "../../../lib/storage/item-keys.ts";
import { CONTROL } from "../../../lib/storage/items/control.ts";
import { HEAD } from "../../../lib/storage/items/head.ts";
import type { IndexItem } from "../../../lib/storage/items/index-item.ts";
import { isSwap } from "../../support/log/intercepted.ts";
import { batchOf, numbered, readAll } from "../../support/log/records-of.ts";
import { append, gate, lostReply, settled, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };
const values = Array.from({ length: 9 }, (_, at) => `value ${at}`);

/** Nine commits in three index items, the middle one under a later leader epoch; nothing in the tail. */
async function spilled(log: TestLog): Promise<PartitionRef> {
  const ref = await log.partition();
  for (const [at, value] of values.entries()) {
    if (at === 3) await log.items.update(headKey(ref.topicId, 0), [set(HEAD.epoch, 6)], [], testCall);
    await append(log.engine(), ref, batchOf([value]));
    if (at % 3 === 2) await spill(log.engine().context, ref, testCall);
  }
  return ref;
}

async function segmentAt(log: TestLog, ref: PartitionRef, offset: number) {
  const item = await indexItemAt(log.engine().context, ref, offset, testCall);
  return item?.kind === "segment" ? item : undefined;
}

async function itemsOf(log: TestLog, ref: PartitionRef): Promise<readonly IndexItem[]> {
  const { context } = log.engine();
  const { tailBase } = await readHead(context, ref, testCall);
  return (await tilingItems(context, ref, { from: 0, to: tailBase }, testCall)) ?? [];
}

describe("a roll", () => {
  test("makes one valid segment of the entries: base offsets, epochs and checksums are right, and it reads the same", async () => {
    const log = new TestLog();
    const ref = await spilled(log);
    expect(await rollPartition(log.engine().context, ref, WHOLE, testCall)).toBeGreaterThan(0);
    const item = await segmentAt(log, ref, 0);
    expect(item).toMatchObject({ base: 0, end: 9, segment: { records: 9 } });
    const object = (await log.objects.get(item?.segment.objectKey ?? "", testCall)) ?? new Uint8Array();
    expect(object.byteLength).toBe(item?.segment.bytes);
    expect(crc32c(object)).toBe(item?.segment.checksum);
    const headers = splitBatches(object).map((batch) => readBatchHeader(batch));
    expect(headers.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(headers.map(({ leaderEpoch }) => leaderEpoch)).toEqual([0, 0, 0, 6, 6, 6, 6, 6, 6]);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test("of what a sweep finds is no larger than a segment shall be, also by a broker that leaves rolling to others", async () => {
    const log = new TestLog();
    const ref = await spilled(log);
    const merge = { ...embeddedLogSettings.merge, bytes: 1 };
    const left = log.engine({ settings: { roll: { bytes: Number.MAX_SAFE_INTEGER, ageMs: 60_000 }, merge } });
    log.clock.advance(60_000);
    await rollOld(left.context, ref, effectiveConfigs({}, {}), testCall);
    expect((await itemsOf(log, ref)).map(({ kind, base }) => `${kind} ${base}`)).toEqual([
      "segment 0",
      "segment 3",
      "segment 6",
    ]);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test("of hundreds of commits in a store that takes its time ends within its own", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({ settings: { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } } });
    const many = Array.from({ length: 400 }, (_, at) => `value ${at}`);
    for (const value of many) await append(engine, ref, batchOf([value]));
    await spill(engine.context, ref, testCall);
    const call = callWithin(log.clock, serviceCallMsDefault);
    let answer: Promise<unknown> | undefined;
    // Those that were asked for together are answered 50 ms later.
    const slow = log.engine({
      objects: async ({ operation }, proceed) => {
        if (operation !== "get") return proceed();
        answer ??= settled().then(() => {
          answer = undefined;
          log.clock.advance(50);
        });
        await answer;
        if (log.clock.monotonicMs() > call.deadlineMs) throw new LogError("RequestTimedOut", "no time is left");
        return proceed();
      },
    });
    expect(await rollPartition(slow.context, ref, WHOLE, call)).toBeGreaterThan(0);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(many));
  });

  test("by two brokers at once leaves one segment referred to", async () => {
    const log = new TestLog();
    const ref = await spilled(log);
    const ready = [gate(), gate()] as const;
    const rollOf = (own: 0 | 1) => {
      const engine = log.engine({
        items: async (passing, proceed) => {
          if (isSwap(passing)) {
            ready[own].open();
            await Promise.all(ready.map(({ opened }) => opened));
          }
          return proceed();
        },
      });
      return rollPartition(engine.context, ref, WHOLE, testCall);
    };
    const rolled = await Promise.all([rollOf(0), rollOf(1)]);
    expect(rolled.filter((bytes) => bytes > 0)).toHaveLength(1);
    expect(await itemsOf(log, ref)).toMatchObject([{ kind: "segment", base: 0, end: 9 }]);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test.each(["before", "after"])(
    "whose answer is lost %s its effect changes nothing that can be read",
    async (side) => {
      const log = new TestLog();
      const ref = await spilled(log);
      const engine = log.engine({
        items: async (passing, proceed) => {
          if (!isSwap(passing)) return proceed();
          if (side === "after") await proceed();
          throw lostReply();
        },
      });
      await rollPartition(engine.context, ref, WHOLE, testCall);
      expect(await readAll(engine, ref)).toEqual(numbered(values));
      await rollPartition(log.engine().context, ref, WHOLE, testCall);
      expect(await itemsOf(log, ref)).toMatchObject([{ kind: "segment", base: 0, end: 9 }]);
    },
  );

  test("is refused for ever once the control's horizon stands at its stamp", async () => {
    const log = new TestLog();
    const ref = await spilled(log);
    const horizon = log.clock.nowMs() + 10;
    await log.items.update(controlKey(ref.topicId, 0), [set(CONTROL.horizon, horizon)], [], testCall);
    expect(await rollPartition(log.engine().context, ref, WHOLE, testCall)).toBe(0);
    expect((await itemsOf(log, ref)).map(({ kind }) => kind)).toEqual(["entries", "entries", "entries"]);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test("copies no damaged batch on; all others stay readable", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({ settings: { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } } });
    for (const value of values) await append(engine, ref, batchOf([value]));
    await spill(engine.context, ref, testCall);
    const staged = (await log.objects.list("staged/", testCall)).objects[4];
    const bytes = (await log.objects.get(staged?.key ?? "", testCall)) ?? new Uint8Array();
    await log.objects.put(staged?.key ?? "", [bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1)], testCall);
    expect(await rollPartition(log.engine().context, ref, WHOLE, testCall)).toBe(0);
    expect((await itemsOf(log, ref)).map(({ kind }) => kind)).toEqual(["entries"]);
    const after = await readAll(log.engine(), ref, 5);
    expect(after).toEqual(numbered(values).slice(5));
  });

  test("refers to no segment that does not read back as it was written", async () => {
    const log = new TestLog();
    const ref = await spilled(log);
    const engine = log.engine({
      objects: async (passing, proceed) => {
        const answer = await proceed();
        return passing.operation === "get" && answer instanceof Uint8Array ? answer.subarray(1) : answer;
      },
    });
    expect((await refusalOf(() => rollPartition(engine.context, ref, WHOLE, testCall))).code).toBe("CorruptObject");
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test("keeps the ids of commits that may still be asked for, and forgets those that the horizon refuses", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    for (const value of ["old", "older"]) await append(engine, ref, batchOf([value]));
    log.clock.advance(stampAgeMsMax + 1);
    for (const value of ["new", "newer"]) await append(engine, ref, batchOf([value]));
    const ids = (await readHead(engine.context, ref, testCall)).tail.map(({ id, base }) => ({ id, base }));
    await spill(engine.context, ref, testCall);
    await rollPartition(engine.context, ref, WHOLE, testCall);
    const { segment } = (await segmentAt(log, ref, 0)) ?? {};
    expect(segment?.commits.map(({ id, base }) => ({ id, base }))).toEqual(ids.slice(2));
    expect(segment?.forgotten).toBe(commitStamp(ids[1]?.id ?? (ids[0]?.id as never)));
    const { horizon } = await readHead(engine.context, ref, testCall);
    expect(horizon).toBeGreaterThanOrEqual(segment?.forgotten ?? Number.POSITIVE_INFINITY);
  });

  test("waits for bytes or for age", async () => {
    const log = new TestLog();
    const ref = await spilled(log);
    const { context } = log.engine();
    expect(await rollPartition(context, ref, { bytes: 1_000_000, olderThan: 0 }, testCall)).toBe(0);
    expect(await rollPartition(context, ref, { bytes: 300, olderThan: 0 }, testCall)).toBeGreaterThanOrEqual(300);
    expect(await itemsOf(log, ref)).toMatchObject([{ kind: "segment" }, { kind: "entries" }]);
    const olderThan = log.clock.nowMs() + 1000;
    expect(await rollPartition(context, ref, { bytes: 1_000_000, olderThan }, testCall)).toBeGreaterThan(0);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test("takes the oldest entries first, however many wait: in the end everything is in segments", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    const count = 2150;
    for (let at = 0; at < count; at++) {
      await append(engine, ref, batchOf([`value ${at}`]));
      await spill(engine.context, ref, testCall);
    }
    while ((await rollPartition(engine.context, ref, WHOLE, testCall)) > 0);
    expect((await itemsOf(log, ref)).filter(({ kind }) => kind !== "segment")).toHaveLength(0);
    expect(await readAll(engine, ref)).toHaveLength(count);
  });
});

describe("a broker in the background", () => {
  test("does not look again at every spill for what others have rolled", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let queries = 0;
    const tail = { ...embeddedLogSettings.tail, entriesSoftMax: 4 };
    const engine = log.engine({
      settings: { roll: { bytes: 1_000_000, ageMs: 60_000 }, tail },
      items: (passing, proceed) => {
        if (passing.operation === "query") queries++;
        return proceed();
      },
    });
    const big = batchOf(["x".repeat(990_000)]);
    await append(engine, ref, big);
    await spill(log.engine().context, ref, testCall);
    await rollPartition(log.engine().context, ref, { bytes: 1, olderThan: Number.MAX_SAFE_INTEGER }, testCall);
    for (let at = 0; at < 400; at++) {
      await append(engine, ref, batchOf([`value ${at}`]));
      await settled();
    }
    expect(queries).toBeLessThan(10);
  });

  test("rolls a partition once enough bytes have gathered", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({
      settings: { roll: { bytes: 1000, ageMs: 60_000 }, tail: { ...embeddedLogSettings.tail, entriesSoftMax: 4 } },
    });
    for (let at = 0; at < 40; at++) {
      await append(engine, ref, batchOf([`value ${at}`]));
      await settled();
    }
    expect(await segmentAt(log, ref, 0)).toBeDefined();
    expect(await readAll(engine, ref)).toHaveLength(40);
  });

  test("makes no larger segments than the topic wants", async () => {
    const log = new TestLog();
    const settings = { tail: { ...embeddedLogSettings.tail, entriesSoftMax: 1 } };
    const engine = log.engine({ settings });
    const configs = { "segment.bytes": "300" };
    const { topicId } = await createTopic(engine.context, { name: "small", partitions: 1, configs }, testCall);
    const ref = { topicId, partition: 0 };
    engine.roller.start();
    for (let at = 0; at < 20; at++) {
      await append(engine, ref, batchOf([`value ${at}`]));
      await settled();
    }
    for (let step = 0; step < 8; step++) {
      log.clock.advance(embeddedLogSettings.roll.ageMs / 4);
      await settled();
    }
    const segments = (await itemsOf(log, ref)).filter((item) => item.kind === "segment");
    expect(segments.length).toBeGreaterThan(4);
    for (const { segment } of segments) expect(segment.bytes).toBeLessThan(400);
    expect(await readAll(engine, ref)).toHaveLength(20);
  });

  test("rolls everything that has grown old, the tail too", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    engine.roller.start();
    await append(engine, ref, batchOf(["a"]));
    for (let step = 0; step < 8; step++) {
      log.clock.advance(embeddedLogSettings.roll.ageMs / 4);
      await settled();
    }
    expect(await segmentAt(log, ref, 0)).toMatchObject({ base: 0, end: 1 });
    await engine.close();
    expect(await readAll(engine, ref)).toEqual(["0:a"]);
  });
});
