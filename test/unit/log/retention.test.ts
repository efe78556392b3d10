import { describe, expect, test } from "vitest";
import { callWithin } from "../../../lib/base/call.ts";
import { LogError } from "../../../lib/base/errors.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { readLog } from "../../../lib/log/read/read-log.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { deleteRecords, EVERYTHING } from "../../../lib/log/retention/delete-records.ts";
import { logBytes } from "../../../lib/log/retention/log-size.ts";
import { type RetentionRules, retainPartition } from "../../../lib/log/retention/retain-partition.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { INDEX_PREFIX, indexKey } from "../../../lib/storage/item-keys.ts";
import { type Intercept, isSwap, type Passing } from "../../support/log/intercepted.ts";
import { batchOf, readAll } from "../../support/log/records-of.ts";
import { append, gate, lostReply, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const FOREVER: RetentionRules = {
  cleanup: { delete: true, compact: false },
  retentionMs: Number.POSITIVE_INFINITY,
  retentionBytes: Number.POSITIVE_INFINITY,
};
const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };

/** Six records at 1000 ms steps, each an index item of its own. */
async function filled(log: TestLog): Promise<PartitionRef> {
  const ref = await log.partition();
  for (let at = 0; at < 6; at++) {
    await append(log.engine(), ref, batchOf([`value ${at}`], undefined, log.clock.nowMs() + at * 1000));
    await spill(log.engine().context, ref, testCall);
  }
  return ref;
}

/** Index items left, by first offset. */
async function basesOf(log: TestLog, ref: PartitionRef): Promise<number[]> {
  const { pk } = indexKey(ref.topicId, ref.partition, 0);
  const page = await log.items.query({ pk, from: INDEX_PREFIX, to: `${INDEX_PREFIX}~` }, testCall);
  return page.items.map(({ item }) => item.base as number);
}

async function sizeOf({ context }: LogEngine, ref: PartitionRef): Promise<number> {
  return logBytes(context, ref, await readHead(context, ref, testCall), testCall);
}

const isRemoval = ({ operation, args }: Passing): boolean =>
  operation === "transact" && (args[0] as readonly { kind: string }[]).some(({ kind }) => kind === "delete");

const isMove = ({ operation, args }: Passing): boolean =>
  operation === "update" && (args[1] as readonly { path: readonly string[] }[])[0]?.path[0] === "logStart";

describe("retention by time", () => {
  test("moves the log start past what is older, and keeps what is as old as it may be", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    log.clock.advance(10_000);
    const retained = await retainPartition(log.engine().context, ref, { ...FOREVER, retentionMs: 8000 }, testCall);
    expect(retained).toMatchObject({ logStart: 2, items: 2 });
    expect(await basesOf(log, ref)).toEqual([2, 3, 4, 5]);
    expect(await readAll(log.engine(), ref, 2)).toHaveLength(4);
  });

  test("reaches records that nobody has moved out of the head, and empties the log if all are old", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    await append(log.engine(), ref, batchOf(["old"], undefined, log.clock.nowMs()));
    log.clock.advance(1001);
    const retained = await retainPartition(log.engine().context, ref, { ...FOREVER, retentionMs: 1000 }, testCall);
    expect(retained).toMatchObject({ logStart: 1, items: 1 });
    expect(await sizeOf(log.engine(), ref)).toBe(0);
    expect(await append(log.engine(), ref, batchOf(["new"]))).toMatchObject({ baseOffset: 1, logStart: 1 });
  });

  test("goes by the time of writing where records have no timestamps", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    await append(log.engine(), ref, batchOf(["no time"], undefined, -1));
    const rules = { ...FOREVER, retentionMs: 1000 };
    log.clock.advance(1000);
    expect(await retainPartition(log.engine().context, ref, rules, testCall)).toMatchObject({ logStart: 0 });
    log.clock.advance(1);
    expect(await retainPartition(log.engine().context, ref, rules, testCall)).toMatchObject({ logStart: 1 });
  });

  test("leaves a topic alone that is only compacted", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const rules = { cleanup: { delete: false, compact: true }, retentionMs: 0, retentionBytes: 1 };
    log.clock.advance(100_000);
    expect(await retainPartition(log.engine().context, ref, rules, testCall)).toMatchObject({ logStart: 0, items: 0 });
  });
});

describe("retention by bytes", () => {
  test("removes the oldest as long as the limit's worth is left", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const all = await sizeOf(log.engine(), ref);
    const each = all / 6;
    const rules = { ...FOREVER, retentionBytes: Math.floor(each * 2.5) };
    expect(await retainPartition(log.engine().context, ref, rules, testCall)).toMatchObject({ logStart: 3, items: 3 });
    expect(await sizeOf(log.engine(), ref)).toBe(all / 2);
    expect(await retainPartition(log.engine().context, ref, rules, testCall)).toMatchObject({ logStart: 3, items: 0 });
  });

  test("by two brokers at once removes no more than by one", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const rules = { ...FOREVER, retentionBytes: (await sizeOf(log.engine(), ref)) / 2 };
    const [decided, go] = [gate(), gate()];
    const slow = log.engine({
      items: async (passing, proceed) => {
        if (isMove(passing)) {
          decided.open();
          await go.opened;
        }
        return proceed();
      },
    });
    const late = retainPartition(slow.context, ref, rules, testCall);
    await decided.opened;
    expect(await retainPartition(log.engine().context, ref, rules, testCall)).toMatchObject({ logStart: 3, items: 3 });
    go.open();
    expect(await late).toMatchObject({ logStart: 3, items: 0 });
    expect(await basesOf(log, ref)).toEqual([3, 4, 5]);
  });
});

describe("the deletion of records", () => {
  test("takes effect at any offset, within a batch too, and says where the log starts", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    await append(log.engine(), ref, batchOf(["a", "b", "c"]));
    const { context } = log.engine();
    expect(await deleteRecords(context, ref, 2, testCall)).toBe(2);
    expect(await deleteRecords(context, ref, 1, testCall)).toBe(2);
    expect((await readHead(context, ref, testCall)).logStart).toBe(2);
    expect(await deleteRecords(context, ref, EVERYTHING, testCall)).toBe(3);
    expect(await refusalOf(() => deleteRecords(context, ref, 4, testCall))).toMatchObject({
      code: "OffsetOutOfRange",
      details: { highWatermark: 3 },
    });
    expect(await refusalOf(() => deleteRecords(context, ref, -2, testCall))).toMatchObject({
      code: "OffsetOutOfRange",
    });
  });

  test("whose answers get lost is done all the same, once", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const before = await sizeOf(log.engine(), ref);
    let lost = 0;
    const losing: Intercept = async (passing, proceed) => {
      const answer = await proceed();
      if (lost < 2 && (isMove(passing) || isRemoval(passing))) {
        lost++;
        throw lostReply();
      }
      return answer;
    };
    expect(await deleteRecords(log.engine({ items: losing }).context, ref, 4, testCall)).toBe(4);
    expect(lost).toBe(2);
    expect(await basesOf(log, ref)).toEqual([4, 5]);
    expect(await sizeOf(log.engine(), ref)).toBe(before / 3);
  });

  test("that was cut off between its two steps is finished by the next retention", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const failing: Intercept = (passing, proceed) =>
      isRemoval(passing) ? Promise.reject(new LogError("StoreForbidden", "no")) : proceed();
    expect(await deleteRecords(log.engine({ items: failing }).context, ref, 4, testCall)).toBe(4);
    expect(await basesOf(log, ref)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await retainPartition(log.engine().context, ref, FOREVER, testCall)).toMatchObject({ items: 4 });
  });

  test("removes no index item that a roll has replaced since it was looked at", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const rolling: Intercept = async (passing, proceed) => {
      if (isRemoval(passing) && !isSwap(passing)) await rollPartition(log.engine().context, ref, WHOLE, testCall);
      return proceed();
    };
    const { context } = log.engine({ items: rolling });
    expect(await deleteRecords(context, ref, 4, testCall)).toBe(4);
    expect(await basesOf(log, ref)).toEqual([0]);
    expect(await readAll(log.engine(), ref, 4)).toEqual(
      ["0:value 0", "1:value 1", "2:value 2", "3:value 3", "4:value 4", "5:value 5"].slice(4),
    );
  });
});

describe("a reader", () => {
  test("whose records go while it reads is told where the log starts, never nothing", async () => {
    const log = new TestLog();
    const ref = await filled(log);
    const [reading, go] = [gate(), gate()];
    const { context } = log.engine({
      items: async (passing, proceed) => {
        if (passing.operation === "query") {
          reading.open();
          await go.opened;
        }
        return proceed();
      },
    });
    const call = callWithin(context.runtime.clock, 60_000);
    const refusal = refusalOf(() => readLog(context, ref, { offset: 0, bytesMax: 1_000_000 }, call));
    await reading.opened;
    await deleteRecords(log.engine().context, ref, 3, testCall);
    go.open();
    expect(await refusal).toMatchObject({ code: "OffsetOutOfRange", details: { logStartOffset: 3, highWatermark: 6 } });
  });
});
