import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { commitAttemptsMax, sequenceGapWaitMs } from "../../../lib/base/limits.ts";
import { moveOutIdleProducers } from "../../../lib/log/append/idle-producers.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { add, set } from "../../../lib/storage/item-change.ts";
import { headKey } from "../../../lib/storage/item-keys.ts";
import { HEAD } from "../../../lib/storage/items/head.ts";
import { type Intercept, isCommit } from "../../support/log/intercepted.ts";
import { batchOf, numbered, producerOf, readAll } from "../../support/log/records-of.ts";
import { append, gate, lostReply, settled, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const staging = { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } };

/** Does something just before the first commit. */
function beforeFirstCommit(action: () => Promise<unknown>): Intercept {
  let met = false;
  return async (passing, proceed) => {
    if (!met && isCommit(passing)) {
      met = true;
      await action();
    }
    return proceed();
  };
}

async function pass(log: TestLog, ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 20) {
    log.clock.advance(20);
    await settled();
  }
}

describe("an append", () => {
  test.each(["inline", "item", "object"])(
    "whose %s was overtaken by a horizon is made anew and lands once",
    async (kind) => {
      const log = new TestLog();
      const ref = await log.partition();
      const inlineBytesMax = kind === "inline" ? 1000 : 0;
      const stagedItemBytesMax = kind === "object" ? 0 : 1000;
      const horizon = log.clock.nowMs() + 5000;
      const engine = log.engine({
        settings: { placement: { inlineBytesMax, stagedItemBytesMax } },
        items: beforeFirstCommit(() =>
          log.items.update(headKey(ref.topicId, 0), [set(HEAD.horizon, horizon)], [], testCall),
        ),
      });
      expect(await append(engine, ref, batchOf(["a"]))).toMatchObject({ baseOffset: 0 });
      expect(log.counts.get("log.commit.refused")).toBe(1);
      expect(await readAll(log.engine(), ref)).toEqual(["0:a"]);
    },
  );

  test("whose leader epoch was bumped under it is committed under the new one", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const bump = () => log.items.update(headKey(ref.topicId, 0), [add(HEAD.epoch, 1)], [], testCall);
    const engine = log.engine({ items: beforeFirstCommit(bump) });
    await append(engine, ref, batchOf(["a"]));
    expect(log.counts.get("log.commit")).toBe(2);
    expect(await readAll(engine, ref)).toEqual(["0:a"]);
  });

  test.each([
    ["object", 0],
    ["item", 1000],
  ])("whose predecessor came by another broker is staged as one %s, and waits for nothing", async (_, itemBytes) => {
    const log = new TestLog();
    const ref = await log.partition();
    let staged = 0;
    const count: Intercept = (passing, proceed) => {
      if (passing.operation === "put" || (passing.operation === "update" && !isCommit(passing))) staged++;
      return proceed();
    };
    const settings = { placement: { inlineBytesMax: 0, stagedItemBytesMax: itemBytes } };
    const brokers = [1, 2].map(() => log.engine({ settings, items: count, objects: count }));
    for (let sequence = 0; sequence < 6; sequence++) {
      const engine = brokers[sequence % 2] as (typeof brokers)[0];
      await append(engine, ref, batchOf([`${sequence}`], producerOf(7, sequence)));
    }
    expect(staged).toBe(6);
    expect(await readAll(log.engine(), ref)).toHaveLength(6);
  });

  test("to a partition that is closed is refused for good, without effect", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const close = () => log.items.update(headKey(ref.topicId, 0), [set(HEAD.state, "closed")], [], testCall);
    const engine = log.engine({ items: beforeFirstCommit(close) });
    const error = await refusalOf(() => append(engine, ref, batchOf(["a"])));
    expect(error).toMatchObject({ code: "UnknownTopicOrPartition", effect: "none" });
  });

  test("to a store that throttles is refused as retriable, without effect, and stores nothing", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({
      items: (passing, proceed) =>
        isCommit(passing) ? Promise.reject(new LogError("StoreThrottled", "slow down")) : proceed(),
    });
    const error = await refusalOf(() => append(engine, ref, batchOf(["a"])));
    expect(error).toMatchObject({ code: "StoreThrottled", effect: "none", retriable: true });
    expect(await readAll(log.engine(), ref)).toEqual([]);
  });

  test.each(["item", "object"])("whose staged %s got no answer has appended nothing, and says so", async (kind) => {
    const log = new TestLog();
    const ref = await log.partition();
    const fails: Intercept = (passing, proceed) =>
      passing.operation === "put" || (passing.operation === "update" && !isCommit(passing))
        ? Promise.reject(lostReply())
        : proceed();
    const engine = log.engine({
      settings: { placement: { inlineBytesMax: 0, stagedItemBytesMax: kind === "item" ? 1000 : 0 } },
      items: fails,
      objects: fails,
    });
    expect(await refusalOf(() => append(engine, ref, batchOf(["a"])))).toMatchObject({ effect: "none" });
    expect(engine.appender.pendingBytes).toBe(0);
  });

  test("that loses every race gives up after a bounded number of attempts", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({
      items: async (passing, proceed) => {
        if (isCommit(passing)) await log.items.update(headKey(ref.topicId, 0), [add(HEAD.epoch, 1)], [], testCall);
        return proceed();
      },
    });
    const error = await refusalOf(() => append(engine, ref, batchOf(["a"])));
    expect(error).toMatchObject({ code: "StoreConflict", effect: "none", retriable: true });
    expect(log.counts.get("log.commit")).toBe(commitAttemptsMax);
  });

  test("whose caller has given up before its commit is dropped, and its neighbours are not", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const held = gate();
    const engine = log.engine({
      settings: staging,
      objects: async (passing, proceed) => {
        if (passing.operation === "put") await held.opened;
        return proceed();
      },
    });
    const abort = new AbortController();
    const given = append(engine, ref, batchOf(["given up"]), { ...testCall, signal: abort.signal });
    const kept = append(engine, ref, batchOf(["kept"]));
    await settled();
    abort.abort();
    held.open();
    expect(await refusalOf(() => given)).toMatchObject({ code: "RequestTimedOut", effect: "none" });
    expect(await kept).toMatchObject({ baseOffset: 0 });
    expect(await readAll(log.engine(), ref)).toEqual(["0:kept"]);
  });

  test("beyond the broker's budget is refused at once, and the budget comes back", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const batch = batchOf(["a"]);
    const engine = log.engine({ settings: { pendingBytesMax: batch.byteLength } });
    const first = append(engine, ref, batch);
    const error = await refusalOf(() => append(engine, ref, batch));
    expect(error).toMatchObject({ code: "Overloaded", effect: "none", retriable: true });
    await first;
    expect(engine.appender.pendingBytes).toBe(0);
    await append(engine, ref, batch);
  });
});

describe("pipelined appends", () => {
  test.each([2000, 100, 0])(
    "keep their order, one update at a time (inline up to %i bytes)",
    async (inlineBytesMax) => {
      const log = new TestLog();
      const ref = await log.partition();
      let underWay = 0;
      let most = 0;
      const engine = log.engine({
        settings: { placement: { inlineBytesMax, stagedItemBytesMax: 200 }, partitionsRememberedMax: 1 },
        items: async (passing, proceed) => {
          if (!isCommit(passing)) return proceed();
          most = Math.max(most, ++underWay);
          await settled();
          const answer = await proceed();
          underWay--;
          return answer;
        },
      });
      const values = Array.from({ length: 40 }, (_, at) => `value ${at}`);
      const answers = [];
      for (const [at, value] of values.entries()) {
        answers.push(append(engine, ref, batchOf([value])));
        if (at % 3 === 0) await settled();
      }
      expect((await Promise.all(answers)).map(({ baseOffset }) => baseOffset)).toEqual(values.map((_, at) => at));
      expect(most).toBe(1);
      expect(await readAll(engine, ref)).toEqual(numbered(values));
    },
  );

  test("that come while a commit is under way form one group", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const held = gate();
    const engine = log.engine({
      items: async (passing, proceed) => {
        if (isCommit(passing)) await held.opened;
        return proceed();
      },
    });
    const answers = [append(engine, ref, batchOf(["first"]))];
    for (let count = 0; count < 10; count++) {
      await settled();
      answers.push(append(engine, ref, batchOf(["more"])));
    }
    held.open();
    await Promise.all(answers);
    expect(log.counts.get("log.commit")).toBe(2);
  });

  test("of an idempotent producer over two brokers wait for the one before", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const late = append(log.engine(), ref, batchOf(["second"], producerOf(7, 1)));
    const later = append(log.engine(), ref, batchOf(["third"], producerOf(7, 2)));
    await settled();
    await append(log.engine(), ref, batchOf(["first"], producerOf(7, 0)));
    await pass(log, 500);
    expect(await Promise.all([late, later])).toMatchObject([{ baseOffset: 1 }, { baseOffset: 2 }]);
    expect(await readAll(log.engine(), ref)).toEqual(["0:first", "1:second", "2:third"]);
  });

  test("whose predecessor never comes are refused in time, without effect, each with Kafka's error", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    await append(log.engine(), ref, batchOf(["a"], producerOf(7, 0)));
    const engine = log.engine();
    const outcomes = Promise.allSettled([
      append(engine, ref, batchOf(["b"], producerOf(7, 5))),
      append(engine, ref, batchOf(["c"], producerOf(8, 5))),
    ]);
    await pass(log, sequenceGapWaitMs + 200);
    expect(await outcomes).toMatchObject([
      { reason: { code: "OutOfOrderSequence", effect: "none" } },
      { reason: { code: "UnknownProducerId", effect: "none" } },
    ]);
    expect(engine.appender.pendingBytes).toBe(0);
  });

  test("of several producers, one of which is refused, leave the others and the refused one's place alone", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    await append(log.engine(), ref, batchOf(["epoch"], producerOf(7, 0, 3)));
    const engine = log.engine({ settings: staging });
    const results = await Promise.allSettled([
      append(engine, ref, batchOf(["a"], producerOf(8, 0))),
      append(engine, ref, batchOf(["fenced"], producerOf(7, 1, 2))),
      append(engine, ref, batchOf(["b"], producerOf(9, 0))),
      append(engine, ref, batchOf(["a"], producerOf(8, 0))),
    ]);
    expect(results).toMatchObject([
      { value: { baseOffset: 1 } },
      { reason: { code: "InvalidProducerEpoch" } },
      { value: { baseOffset: 2 } },
      { value: { baseOffset: 1, duplicate: true } },
    ]);
    expect(await readAll(log.engine(), ref)).toEqual(["0:epoch", "1:a", "2:b"]);
  });

  test("to three partitions that always have plenty waiting all get their turns", async () => {
    const log = new TestLog();
    const refs = [0, 1, 2].map((partition) => ({ partition }));
    const { topicId } = await log.partition("busy", 3);
    const engine = log.engine({ settings: { ...staging, stagedObjectBytesMax: 200, stagingPutsMax: 1 } });
    const done = [0, 0, 0];
    const feed = (partition: number): void => {
      if (done.reduce((sum, count) => sum + count, 0) > 300) return;
      void append(engine, { topicId, partition }, batchOf(["x".repeat(150)])).then(() => {
        done[partition] = (done[partition] ?? 0) + 1;
        feed(partition);
      });
    };
    for (const { partition } of refs) for (let count = 0; count < 8; count++) feed(partition);
    for (let turn = 0; turn < 400; turn++) await settled();
    expect(Math.min(...done)).toBeGreaterThan(50);
  });
});

describe("a producer that is moved out while its commit is on its way", () => {
  test("is found again, and its batch appended once", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    await append(log.engine(), ref, batchOf(["a"], producerOf(7, 0)));
    const out = log.engine({ settings: { producers: { softMax: 0, hardMax: 10 } } });
    const engine = log.engine({ items: beforeFirstCommit(() => moveOutIdleProducers(out.context, ref, testCall)) });
    expect(await append(engine, ref, batchOf(["b"], producerOf(7, 1)))).toMatchObject({ baseOffset: 1 });
    expect((await readHead(engine.context, ref, testCall)).producerCount).toBe(1);
    expect(await append(log.engine(), ref, batchOf(["b"], producerOf(7, 1)))).toMatchObject({ duplicate: true });
  });
});
