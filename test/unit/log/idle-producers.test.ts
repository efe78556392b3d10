import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import type { ProducerId } from "../../../lib/base/ids.ts";
import { headProducersHardMax, headProducersSoftMax } from "../../../lib/base/limits.ts";
import { moveOutIdleProducers } from "../../../lib/log/append/idle-producers.ts";
import type { LogContext } from "../../../lib/log/log-context.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { idleProducerKey } from "../../../lib/storage/item-keys.ts";
import { batchOf, producerOf, readAll } from "../../support/log/records-of.ts";
import { append, settled, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const many = Array.from({ length: 200 }, (_, id) => id);

describe("producers of a partition", () => {
  test("may be many: the longest idle move out of the head, come back, and keep their sequences", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    for (const id of many) {
      log.clock.advance(1);
      await append(engine, ref, batchOf([`first of ${id}`], producerOf(id, 0)));
      await settled();
    }
    expect((await readHead(engine.context, ref, testCall)).producerCount).toBeLessThanOrEqual(headProducersSoftMax + 1);
    for (const broker of [engine, log.engine()]) {
      for (const id of many) {
        expect(await append(broker, ref, batchOf([`first of ${id}`], producerOf(id, 0)))).toMatchObject({
          baseOffset: id,
          duplicate: true,
        });
      }
    }
    for (const id of many) {
      log.clock.advance(1);
      await append(engine, ref, batchOf([`second of ${id}`], producerOf(id, 1)));
      await settled();
    }
    for (const id of many) await append(log.engine(), ref, batchOf([`first of ${id}`], producerOf(id, 0)));
    const expected = ["first", "second"].flatMap((which) => many.map((id) => `${which} of ${id}`));
    expect(await readAll(engine, ref)).toEqual(expected.map((value, offset) => `${offset}:${value}`));
  });

  test("that come in turn over several brokers do not keep each other from committing", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let moves = 0;
    const engines = Array.from({ length: 4 }, () =>
      log.engine({
        items: (passing, proceed) => {
          if (passing.operation === "transact" && JSON.stringify(passing.args[0]).includes("producers")) moves++;
          return proceed();
        },
      }),
    );
    for (let first = 0; first < 512; first += engines.length) {
      log.clock.advance(1);
      await Promise.all(
        engines.map((engine, index) => append(engine, ref, batchOf(["a"], producerOf(first + index, 0)))),
      );
      await settled();
    }
    const head = await readHead(engines[0]?.context as LogContext, ref, testCall);
    expect(head.producerCount).toBeLessThanOrEqual(headProducersSoftMax + engines.length);
    // Each move makes every other broker look again, so there must be few.
    expect(moves).toBeLessThan(512 / 6);
  });

  test("are never more than the head holds, even while none can be moved out", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let stuck = true;
    const engine = log.engine({
      settings: { producers: { softMax: 4, hardMax: 8 } },
      items: (passing, proceed) => {
        const part = passing.operation === "transact" ? JSON.stringify(passing.args[0]) : "";
        return stuck && part.includes("producers")
          ? Promise.reject(new LogError("StoreThrottled", "slow down"))
          : proceed();
      },
    });
    const results: PromiseSettledResult<unknown>[] = [];
    for (const id of many.slice(0, 12)) {
      results.push(...(await Promise.allSettled([append(engine, ref, batchOf(["a"], producerOf(id, 0)))])));
    }
    expect((await readHead(engine.context, ref, testCall)).producerCount).toBe(8);
    expect(results.map(({ status }) => status)).toEqual([...Array(8).fill("fulfilled"), ...Array(4).fill("rejected")]);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ retriable: true });
    stuck = false;
    expect(await append(engine, ref, batchOf(["a"], producerOf(50, 0)))).toMatchObject({ baseOffset: 8 });
    expect(headProducersHardMax).toBeGreaterThan(headProducersSoftMax);
  });

  test("moved out by a broker that froze meanwhile do not come back with an older value", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const settings = { producers: { softMax: 0, hardMax: 100 } };
    await append(log.engine(), ref, batchOf(["a"], producerOf(7, 0)));
    let thaw: (() => Promise<unknown>) | undefined;
    const frozen = log.engine({
      settings,
      items: (passing, proceed) => {
        if (passing.operation !== "transact") return proceed();
        thaw = proceed;
        return new Promise(() => undefined);
      },
    });
    void moveOutIdleProducers(frozen.context, ref, testCall);
    await settled();
    await append(log.engine(), ref, batchOf(["b"], producerOf(7, 1)));
    expect(await thaw?.()).toMatchObject({ ok: false });
    expect(await log.items.get(idleProducerKey(ref.topicId, 0, 7 as ProducerId), testCall)).toBeUndefined();
    await moveOutIdleProducers(log.engine({ settings }).context, ref, testCall);
    expect(await append(log.engine(), ref, batchOf(["b"], producerOf(7, 1)))).toMatchObject({ duplicate: true });
    expect(await readAll(log.engine(), ref)).toEqual(["0:a", "1:b"]);
  });

  test("moved out after a broker looked for them are looked for again", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const settings = { producers: { softMax: 0, hardMax: 100 } };
    const batch = batchOf(["a"], producerOf(7, 0));
    let met = false;
    const engine = log.engine({
      items: async (passing, proceed) => {
        const answer = await proceed();
        // Between the look for the idle producer and the commit, another broker takes it in and moves it out again.
        const looked = passing.operation === "get" && JSON.stringify(passing.args[0]).includes("d#7");
        if (!looked || met) return answer;
        met = true;
        await append(log.engine(), ref, batch);
        await moveOutIdleProducers(log.engine({ settings }).context, ref, testCall);
        return answer;
      },
    });
    expect(await append(engine, ref, batch)).toMatchObject({ baseOffset: 0, duplicate: true });
    expect(await readAll(engine, ref)).toEqual(["0:a"]);
  });
});
