import { describe, expect, test } from "vitest";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { type Intercept, isCommit, isKill, type Passing } from "../../support/log/intercepted.ts";
import { batchOf, numbered, producerOf, readAll } from "../../support/log/records-of.ts";
import { append, gate, lostReply, settled, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const WHOLE = { bytes: 1, olderThan: Number.MAX_SAFE_INTEGER };

/** Does something else with the first commit that passes; what comes after it proceeds. */
function firstCommit(instead: Intercept): Intercept {
  let met = false;
  return (passing, proceed) => {
    if (met || !isCommit(passing)) return proceed();
    met = true;
    return instead(passing, proceed);
  };
}

const landsUnanswered = firstCommit(async (_passing: Passing, proceed) => {
  await proceed();
  throw lostReply();
});

/** Commits the first batch of `engine`, and does `meanwhile` between its landing and the loss of its answer. */
function landsWhile(meanwhile: () => Promise<unknown>): Intercept {
  return firstCommit(async (_passing, proceed) => {
    await proceed();
    await meanwhile();
    throw lostReply();
  });
}

async function fill(engine: LogEngine, ref: PartitionRef, count: number): Promise<string[]> {
  const values = Array.from({ length: count }, (_, at) => `earlier ${at}`);
  for (const value of values) await append(engine, ref, batchOf([value]));
  return values;
}

describe("a commit whose answer was lost", () => {
  test("landed: it is found in the tail and told with its offset", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const earlier = await fill(log.engine(), ref, 3);
    const engine = log.engine({ items: landsUnanswered });
    expect(await append(engine, ref, batchOf(["a", "b"]))).toMatchObject({ baseOffset: 3, duplicate: false });
    expect(await readAll(engine, ref)).toEqual(numbered([...earlier, "a", "b"]));
  });

  test("did not land: it is killed and appended once", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine({ items: firstCommit(() => Promise.reject(lostReply())) });
    expect(await append(engine, ref, batchOf(["a"]))).toMatchObject({ baseOffset: 0 });
    expect(await readAll(engine, ref)).toEqual(["0:a"]);
    expect(log.counts.get("log.commit.fate.dead")).toBe(1);
  });

  test("arrives after it was given up: it is refused for ever", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let late: (() => Promise<unknown>) | undefined;
    const engine = log.engine({
      items: firstCommit((_passing, proceed) => {
        late = proceed;
        return Promise.reject(lostReply());
      }),
    });
    await append(engine, ref, batchOf(["a"]));
    expect(await late?.()).toMatchObject({ ok: false });
    expect(await readAll(engine, ref)).toEqual(["0:a"]);
  });

  test.each([
    ["spilled by another broker", (log: TestLog, ref: PartitionRef) => spill(log.engine().context, ref, testCall)],
    [
      "spilled and rolled by another broker",
      async (log: TestLog, ref: PartitionRef) => {
        const other = log.engine();
        await spill(other.context, ref, testCall);
        expect(await rollPartition(other.context, ref, WHOLE, testCall)).toBeGreaterThan(0);
      },
    ],
  ])("was %s before it was looked for: it is found in the index", async (_how, meanwhile) => {
    const log = new TestLog();
    const ref = await log.partition();
    const earlier = await fill(log.engine(), ref, 3);
    const engine = log.engine({ items: landsWhile(() => meanwhile(log, ref)) });
    expect(await append(engine, ref, batchOf(["a"]))).toMatchObject({ baseOffset: 3 });
    expect(await readAll(engine, ref)).toEqual(numbered([...earlier, "a"]));
  });

  test("was spilled by this very broker meanwhile: it is found in the index", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const landed = gate();
    const answered = gate();
    let commits = 0;
    const engine = log.engine({
      settings: { tail: { ...embeddedLogSettings.tail, entriesSoftMax: 1 } },
      items: async (passing, proceed) => {
        // The first commit starts a spill, whose look at the head is held back until the second commit has landed.
        if (passing.operation === "get" && commits > 0) await landed.opened;
        if (!isCommit(passing) || ++commits !== 2) return proceed();
        await proceed();
        landed.open();
        await answered.opened;
        throw lostReply();
      },
    });
    await append(engine, ref, batchOf(["first"]));
    const second = append(engine, ref, batchOf(["second"]));
    await settled();
    expect(await readHead(log.engine().context, ref, testCall)).toMatchObject({ tailBase: 2, tailCount: 0 });
    answered.open();
    expect(await second).toMatchObject({ baseOffset: 1 });
    expect(await readAll(engine, ref)).toEqual(["0:first", "1:second"]);
  });

  test("lands after the look at the tail, and is spilled before its kill: the kill fails, and it is found", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let late: (() => Promise<unknown>) | undefined;
    const engine = log.engine({
      items: async (passing, proceed) => {
        if (isCommit(passing) && late === undefined) {
          late = proceed;
          throw lostReply();
        }
        if (isKill(passing)) {
          expect(await late?.()).toMatchObject({ ok: true });
          await spill(log.engine().context, ref, testCall);
        }
        return proceed();
      },
    });
    expect(await append(engine, ref, batchOf(["a"]))).toMatchObject({ baseOffset: 0 });
    expect(await readAll(engine, ref)).toEqual(["0:a"]);
  });

  test("was rolled and its id forgotten: the outcome is told as unknown", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    const meanwhile = async (): Promise<void> => {
      const other = log.engine();
      await spill(other.context, ref, testCall);
      log.clock.advance(10 * 60_000);
      expect(await rollPartition(other.context, ref, WHOLE, testCall)).toBeGreaterThan(0);
    };
    const engine = log.engine({ items: landsWhile(meanwhile) });
    const error = await refusalOf(() => append(engine, ref, batchOf(["a"])));
    expect(error).toMatchObject({ code: "OutcomeUnknown", effect: "unknown", retriable: true });
    expect(log.counts.get("log.commit.fate.unknown")).toBe(1);
    expect(await readAll(engine, ref)).toEqual(["0:a"]);
  });

  test("cannot be looked for: the outcome is told as unknown, and an idempotent retry appends once", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let down = false;
    const engine = log.engine({
      items: async (passing, proceed) => {
        if (down) throw lostReply();
        const answer = await proceed();
        if (!isCommit(passing)) return answer;
        down = true;
        throw lostReply();
      },
    });
    const batch = batchOf(["a"], producerOf(7, 0));
    const error = await refusalOf(() => append(engine, ref, batch));
    expect(error).toMatchObject({ code: "OutcomeUnknown", effect: "unknown", retriable: true });
    down = false;
    expect(await append(log.engine(), ref, batch)).toMatchObject({ baseOffset: 0, duplicate: true });
    expect(await readAll(log.engine(), ref)).toEqual(["0:a"]);
  });

  test("has an unknown outcome: so has a copy of its batch in the same group", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let lost = 0;
    const engine = log.engine({
      // The commit does not land, and the first look at what became of it fails.
      items: (passing, proceed) => {
        if (lost < 2 && (lost === 1 || isCommit(passing))) {
          lost++;
          return Promise.reject(lostReply());
        }
        return proceed();
      },
    });
    const batch = batchOf(["a"], producerOf(7, 0));
    const both = await Promise.allSettled([append(engine, ref, batch), append(engine, ref, batch)]);
    expect(both).toMatchObject([
      { status: "rejected", reason: { effect: "unknown" } },
      { status: "rejected", reason: { effect: "unknown" } },
    ]);
  });
});
