import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { tilingItems } from "../../../lib/log/index-items.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { isSpill, isTrim } from "../../support/log/intercepted.ts";
import { batchOf, numbered, readAll } from "../../support/log/records-of.ts";
import { append, gate, lostReply, settled, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const values = Array.from({ length: 10 }, (_, at) => `value ${at}`);

async function filled(log: TestLog, count = values.length): Promise<PartitionRef> {
  const ref = await log.partition();
  const engine = log.engine();
  for (const value of values.slice(0, count)) await append(engine, ref, batchOf([value]));
  return ref;
}

/** All of the log is in the index, which tiles it; nothing is left in the tail or counted there. */
async function expectSpilled(log: TestLog, ref: PartitionRef, end: number): Promise<void> {
  const { context } = log.engine();
  const head = await readHead(context, ref, testCall);
  expect(head).toMatchObject({ tailBase: end, tail: [], tailCount: 0, tailBytes: 0 });
  expect(await tilingItems(context, ref, { from: 0, to: end }, testCall)).toBeDefined();
}

/** As in the functions on AWS: no partition of theirs has ever gathered enough. */
const LEFT_TO_OTHERS = { bytes: Number.MAX_SAFE_INTEGER, ageMs: 60_000 };

describe("a spill", () => {
  test("moves the tail into the index, where it reads the same", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    expect(await spill(log.engine().context, ref, testCall)).toEqual({ tailBase: 10, entries: 10 });
    await expectSpilled(log, ref, 10);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test("by two brokers at once happens once", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const ready = [gate(), gate()] as const;
    const spillOf = (own: 0 | 1) =>
      spill(
        log.engine({
          items: async (passing, proceed) => {
            ready[own].open();
            if (isSpill(passing)) await Promise.all(ready.map(({ opened }) => opened));
            return proceed();
          },
        }).context,
        ref,
        testCall,
      );
    const both = await Promise.all([spillOf(0), spillOf(1)]);
    expect(both.map(({ entries }) => entries).sort()).toEqual([0, 10]);
    await expectSpilled(log, ref, 10);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
  });

  test("that dies before its trim is finished by the next broker", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const dying = log.engine({
      items: (passing, proceed) =>
        isTrim(passing) ? Promise.reject(new LogError("StoreForbidden", "dead")) : proceed(),
    });
    await expect(spill(dying.context, ref, testCall)).rejects.toThrow("dead");
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values));
    await append(log.engine(), ref, batchOf(["later"]));
    expect(await spill(log.engine().context, ref, testCall)).toEqual({ tailBase: 10, entries: 10 });
    expect(await readAll(log.engine(), ref)).toEqual(numbered([...values, "later"]));
  });

  test.each(["before", "after"])("survives the loss of each of its answers, %s their effect", async (side) => {
    for (const isLost of [isSpill, isTrim]) {
      const log = new TestLog();
      const ref = await filled(log);
      let lost = false;
      const engine = log.engine({
        items: async (passing, proceed) => {
          if (lost || !isLost(passing)) return proceed();
          lost = true;
          if (side === "after") await proceed();
          throw lostReply();
        },
      });
      await spill(engine.context, ref, testCall);
      await spill(engine.context, ref, testCall);
      await expectSpilled(log, ref, 10);
      expect(await readAll(engine, ref)).toEqual(numbered(values));
    }
  });

  test("whose loser holds an older head leaves no entry behind below the tail base", async () => {
    const log = new TestLog();
    const ref = await filled(log, 3);
    const old = await readHead(log.engine().context, ref, testCall);
    await append(log.engine(), ref, batchOf(["value 3"]));
    const dying = log.engine({
      items: (passing, proceed) => (isTrim(passing) ? new Promise(() => undefined) : proceed()),
    });
    void spill(dying.context, ref, testCall);
    await settled();
    await spill(log.engine().context, ref, testCall, old);
    await expectSpilled(log, ref, 4);
  });

  test("that froze until its base had been spilled and rolled by others happens no more", async () => {
    const log = new TestLog();
    const ref = await filled(log, 1);
    await spill(log.engine().context, ref, testCall);
    await append(log.engine(), ref, batchOf(["value 1"]));
    let thaw: (() => Promise<unknown>) | undefined;
    const frozen = log.engine({
      items: (passing, proceed) => {
        if (!isSpill(passing)) return proceed();
        thaw = proceed;
        return new Promise(() => undefined);
      },
    });
    void spill(frozen.context, ref, testCall);
    await settled();
    await spill(log.engine().context, ref, testCall);
    const limits = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };
    expect(await rollPartition(log.engine().context, ref, limits, testCall)).toBeGreaterThan(0);
    expect(await thaw?.()).toMatchObject({ ok: false });
    await expectSpilled(log, ref, 2);
    expect(await readAll(log.engine(), ref)).toEqual(numbered(values.slice(0, 2)));
  });

  test("starts by itself at the soft limit, and keeps heads small however fast commits come", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    const many = Array.from({ length: 200 }, (_, at) => `value ${at}`);
    let largest = 0;
    for (const value of many) {
      await append(engine, ref, batchOf([value]));
      largest = Math.max(largest, (await readHead(engine.context, ref, testCall)).tailCount);
    }
    expect(largest).toBeLessThanOrEqual(embeddedLogSettings.tail.entriesSoftMax + 8);
    expect(await readAll(engine, ref)).toEqual(numbered(many));
  });

  test("is made by the producer that finds the tail full, which then goes on", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const tail = { ...embeddedLogSettings.tail, entriesSoftMax: 1000, entriesHardMax: 4 };
    const engine = log.engine({ settings: { tail } });
    for (const value of values) await append(engine, ref, batchOf([value]));
    expect(log.counts.get("log.spill")).toBe(2);
    expect((await readHead(engine.context, ref, testCall)).tailCount).toBe(2);
    expect(await readAll(engine, ref)).toEqual(numbered(values));
  });

  test.each([
    ["a broker that rolls", { roll: { bytes: 4000, ageMs: 60_000 } }],
    ["one that leaves it to others", { roll: LEFT_TO_OTHERS, merge: { ...embeddedLogSettings.merge, bytes: 4000 } }],
  ])(
    "is due by the bytes of the batches, too, in %s: no index item names more than a segment should hold",
    async (_, settings) => {
      const log = new TestLog();
      const ref = await log.partition();
      const placement = { inlineBytesMax: 0, stagedItemBytesMax: 0 };
      const engine = log.engine({ settings: { placement, ...settings } });
      const long = "x".repeat(1500);
      for (let count = 0; count < 6; count++) {
        await append(engine, ref, batchOf([long]));
        await settled();
      }
      expect((await readHead(engine.context, ref, testCall)).tailBase).toBeGreaterThan(0);
      expect(await readAll(engine, ref)).toHaveLength(6);
    },
  );
});
