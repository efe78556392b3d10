import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { PartitionQueue } from "../../../lib/client/producer/partition-queue.ts";
import type { Outcome, QueuedBatch, Slot, Verdict } from "../../../lib/client/producer/queue-types.ts";
import { SeededRandom } from "../../simulation/seeded-random.ts";
import { type BrokerAnswer, ModelBroker, type SentBatch } from "./model-broker.ts";

type Batch = QueuedBatch & SentBatch;
type Numbers = NonNullable<Slot<Batch>["producer"]>;

const LATER = Number.POSITIVE_INFINITY;
const error = new LogError("NetworkException", "cut off");
const refusal = new LogError("RecordTooLarge", "too large");
const outOfOrder = new LogError("OutOfOrderSequence", "gap");
let queue: PartitionQueue<Batch>;

beforeEach(() => {
  queue = newQueue();
});

function newQueue(): PartitionQueue<Batch> {
  const made = new PartitionQueue<Batch>({ idempotent: true, windowMax: 5 });
  made.adopt({ producerId: 7, producerEpoch: 0 });
  return made;
}

function batch(id: number, deadlineMs = LATER, poisoned = false): Batch {
  return { id, recordCount: 3, deadlineMs, poisoned };
}

function startNext(nowMs = 0): Slot<Batch> {
  const decision = queue.peek(nowMs);
  if (decision.kind !== "send") throw new Error(`expected something to send, got ${decision.kind}`);
  queue.start(decision.slot);
  return decision.slot;
}

function startAll(count: number): Slot<Batch>[] {
  for (let id = 0; id < count; id++) queue.add(batch(id));
  return Array.from({ length: count }, () => startNext());
}

const appendedAt = (baseOffset: number): Outcome<Batch> => ({ kind: "appended", baseOffset, appendTimeMs: -1 });
const lost: Outcome<Batch> = { kind: "lost", error, retryAtMs: 0 };
const busy: Outcome<Batch> = { kind: "busy", error, retryAtMs: 0 };
const outOfStep: Outcome<Batch> = { kind: "outOfStep", error: outOfOrder, retryAtMs: 0, needsFreshId: false };

describe("what is sent", () => {
  test("five batches are on their way at most, numbered one after the other", () => {
    const slots = startAll(5);
    queue.add(batch(5));
    expect(queue.peek(0).kind).toBe("wait");
    expect(slots.map((slot) => slot.producer?.baseSequence)).toEqual([0, 3, 6, 9, 12]);
  });

  test("nothing new is sent while the oldest undecided batch is the last but four, whatever was acknowledged since", () => {
    const slots = startAll(5);
    queue.settle(slots[0] as Slot<Batch>, lost);
    for (const slot of slots.slice(1)) queue.settle(slot, appendedAt(3));
    queue.add(batch(5));
    const retried = startNext();
    expect(retried.batch.id).toBe(0);
    expect(queue.peek(0).kind).toBe("wait");
    queue.settle(retried, appendedAt(0));
    expect(startNext().batch.id).toBe(5);
  });

  test("a batch whose answer is lost is repeated under the same numbers, and before anything behind it", () => {
    const [first, second] = startAll(2) as [Slot<Batch>, Slot<Batch>];
    const numbers = first.producer;
    queue.settle(second, busy);
    queue.settle(first, lost);
    const again = startNext();
    expect(again).toBe(first);
    expect(again.producer).toBe(numbers);
    expect(queue.peek(0).kind).toBe("wait");
  });

  test("a retry waits for its time", () => {
    const [slot] = startAll(1) as [Slot<Batch>];
    queue.settle(slot, { kind: "busy", error, retryAtMs: 50 });
    expect(queue.peek(49)).toEqual({ kind: "wait", untilMs: 50 });
    expect(queue.wakeAtMs(49)).toBe(50);
    expect(queue.peek(50).kind).toBe("send");
  });
});

describe("what was refused", () => {
  test("batches behind a refused one are numbered anew under a higher epoch, also when their answers were lost", () => {
    const [first, second, third] = startAll(3) as [Slot<Batch>, Slot<Batch>, Slot<Batch>];
    queue.settle(second, lost);
    expect(queue.settle(first, { kind: "refused", error: refusal })).toMatchObject([
      { kind: "failed", effect: "none" },
    ]);
    expect(queue.peek(0).kind).toBe("wait");
    queue.settle(third, outOfStep);
    const again = [startNext(), startNext()];
    expect(again.map((slot) => [slot.batch.id, slot.producer])).toEqual([
      [1, { producerId: 7, producerEpoch: 1, baseSequence: 0 }],
      [2, { producerId: 7, producerEpoch: 1, baseSequence: 3 }],
    ]);
  });

  test("older batches keep their numbers until they are decided", () => {
    const [first, second, third] = startAll(3) as [Slot<Batch>, Slot<Batch>, Slot<Batch>];
    queue.settle(second, { kind: "refused", error: refusal });
    queue.settle(third, outOfStep);
    queue.settle(first, lost);
    const again = startNext();
    expect([again.batch.id, again.producer?.producerEpoch]).toEqual([0, 0]);
    queue.settle(again, appendedAt(0));
    expect([startNext().batch.id, third.batch.id]).toEqual([2, 2]);
  });

  test("a batch that may have been appended is never numbered anew: it is reported as unknown", () => {
    const [first] = startAll(1) as [Slot<Batch>];
    queue.settle(first, lost);
    const verdicts: Verdict<Batch>[] = [];
    for (let attempt = 0; attempt < 3; attempt++) verdicts.push(...queue.settle(startNext(), outOfStep));
    expect(verdicts).toMatchObject([{ kind: "failed", effect: "unknown" }]);
    queue.add(batch(9));
    expect(startNext().producer).toEqual({ producerId: 7, producerEpoch: 1, baseSequence: 0 });
  });

  test("a fenced epoch asks for another producer id", () => {
    const [first] = startAll(1) as [Slot<Batch>];
    queue.settle(first, { ...outOfStep, needsFreshId: true });
    expect(queue.peek(0)).toEqual({ kind: "identity", staleProducerId: 7 });
    queue.adopt({ producerId: 8, producerEpoch: 0 });
    expect(startNext().producer).toEqual({ producerId: 8, producerEpoch: 0, baseSequence: 0 });
  });

  test("the halves of a batch take its place, before those behind it", () => {
    const [first, second] = startAll(2) as [Slot<Batch>, Slot<Batch>];
    queue.settle(first, { kind: "replaced", error: refusal, by: [batch(10), batch(11)] });
    queue.settle(second, outOfStep);
    expect([startNext(), startNext(), startNext()].map((slot) => slot.batch.id)).toEqual([10, 11, 1]);
  });
});

describe("what is past its time", () => {
  test("was not stored when it never went out or was refused each time", () => {
    queue.add(batch(0, 100));
    queue.add(batch(1, 100));
    queue.settle(startNext(), busy);
    expect(queue.expire(99)).toEqual([]);
    expect(queue.expire(100).map((verdict) => [verdict.batch.id, verdict.kind === "failed" && verdict.effect])).toEqual(
      [
        [0, "none"],
        [1, "none"],
      ],
    );
    expect(queue.isEmpty).toBe(true);
  });

  test("is unknown when an answer was lost, and those behind it wait for their own answers", () => {
    queue.add(batch(0, 100));
    queue.add(batch(1, 200));
    queue.add(batch(2, 200));
    const [first, second] = [startNext(), startNext()];
    queue.settle(first, lost);
    queue.settle(second, lost);
    expect(queue.expire(100)).toMatchObject([{ batch: { id: 0 }, effect: "unknown" }]);
    expect(startNext(100)).toBe(second);
    expect(queue.settle(second, appendedAt(3))).toMatchObject([{ kind: "appended", batch: { id: 1 } }]);
    expect(startNext(100).producer).toEqual({ producerId: 7, producerEpoch: 1, baseSequence: 0 });
  });

  test("counts as appended when a later batch of the same epoch was acknowledged", () => {
    queue.add(batch(0, 100));
    queue.add(batch(1, 200));
    const [first, second] = [startNext(), startNext()];
    queue.settle(first, lost);
    queue.settle(second, appendedAt(3));
    expect(queue.expire(100)).toMatchObject([{ kind: "appended", batch: { id: 0 }, baseOffset: -1 }]);
  });
});

test("without idempotence one batch is on its way, and lost ones are repeated", () => {
  const plain = new PartitionQueue<Batch>({ idempotent: false, windowMax: 1 });
  plain.add(batch(0));
  plain.add(batch(1));
  const first = plain.peek(0);
  if (first.kind !== "send") throw new Error("nothing to send");
  plain.start(first.slot);
  expect(first.slot.producer).toBeUndefined();
  expect(plain.peek(0).kind).toBe("wait");
  plain.settle(first.slot, lost);
  expect(plain.peek(0)).toMatchObject({ kind: "send", slot: { batch: { id: 0 } } });
});

/** An attempt on its way: its client may have given up on it, and it may still arrive. */
interface Attempt {
  readonly slot: Slot<Batch>;
  readonly numbers: Numbers;
  answer: BrokerAnswer | undefined;
  abandoned: boolean;
}

/** A random course of events between one queue and one broker; answers what a reader and the client see. */
class Course {
  readonly broker = new ModelBroker();
  readonly verdicts = new Map<number, Verdict<Batch>>();
  readonly #numbered = new Map<string, number>();
  readonly #random: SeededRandom;
  readonly #attempts: Attempt[] = [];
  #startedSince: number[] = [];
  #epoch = "";
  #nowMs = 0;
  #added = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    queue = newQueue();
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.#step(true);
    for (let step = 0; !queue.isEmpty && step < 2000; step++) this.#step(false);
    while (this.#attempts.length > 0) this.#arrive(this.#take(), true);
  }

  #step(faulty: boolean): void {
    this.#nowMs += this.#random.below(10);
    this.#note(queue.expire(this.#nowMs));
    if (faulty && this.#random.chance(0.4)) {
      queue.add(batch(this.#added++, this.#nowMs + this.#random.between(20, 400), this.#random.chance(0.05)));
    }
    const decision = queue.peek(this.#nowMs);
    if (decision.kind === "identity")
      queue.adopt({ producerId: (decision.staleProducerId ?? 6) + 1, producerEpoch: 0 });
    if (decision.kind === "send") this.#start(decision.slot);
    if (this.#attempts.length > 0 && this.#random.chance(0.7)) this.#arrive(this.#take(), faulty);
  }

  #start(slot: Slot<Batch>): void {
    queue.start(slot);
    const numbers = slot.producer as Numbers;
    const name = JSON.stringify([numbers.producerId, numbers.producerEpoch, numbers.baseSequence]);
    expect(this.#numbered.get(name) ?? slot.batch.id).toBe(slot.batch.id);
    this.#numbered.set(name, slot.batch.id);
    this.#checkWindow(slot.batch.id, JSON.stringify([numbers.producerId, numbers.producerEpoch]));
    this.#attempts.push({ slot, numbers, answer: undefined, abandoned: false });
  }

  // The oldest undecided batch is among the last five that were started under its epoch.
  #checkWindow(id: number, epoch: string): void {
    if (epoch !== this.#epoch) this.#startedSince = [];
    this.#epoch = epoch;
    if (!this.#startedSince.includes(id)) this.#startedSince.push(id);
    while (this.verdicts.has(this.#startedSince[0] as number)) this.#startedSince.shift();
    expect(this.#startedSince.length).toBeLessThanOrEqual(5);
  }

  #take(): Attempt {
    return this.#attempts.splice(this.#random.below(this.#attempts.length), 1)[0] as Attempt;
  }

  #arrive(attempt: Attempt, faulty: boolean): void {
    if (faulty && !attempt.abandoned && this.#random.chance(0.3)) {
      this.#giveUp(attempt);
      if (this.#random.chance(0.3)) return;
      this.#attempts.push(attempt);
      return;
    }
    if (faulty && !attempt.abandoned && this.#random.chance(0.1)) {
      this.#settle(attempt.slot, { kind: "busy", error, retryAtMs: this.#nowMs + this.#random.below(30) });
      return;
    }
    const answer = this.broker.append(attempt.slot.batch, attempt.numbers);
    if (!attempt.abandoned) this.#settle(attempt.slot, this.#outcomeOf(answer));
  }

  #giveUp(attempt: Attempt): void {
    attempt.abandoned = true;
    this.#settle(attempt.slot, { kind: "lost", error, retryAtMs: this.#nowMs + this.#random.below(30) });
  }

  #outcomeOf(answer: BrokerAnswer): Outcome<Batch> {
    if (answer.kind === "appended") return appendedAt(answer.baseOffset);
    if (answer.kind === "refused") return { kind: "refused", error: refusal };
    const retryAtMs = this.#nowMs + this.#random.below(30);
    return { kind: "outOfStep", error: outOfOrder, retryAtMs, needsFreshId: answer.kind === "fenced" };
  }

  #settle(slot: Slot<Batch>, outcome: Outcome<Batch>): void {
    this.#note(queue.settle(slot, outcome));
  }

  #note(verdicts: readonly Verdict<Batch>[]): void {
    for (const verdict of verdicts) {
      expect(this.verdicts.has(verdict.batch.id)).toBe(false);
      this.verdicts.set(verdict.batch.id, verdict);
    }
  }
}

describe("on any course of losses, refusals, delays and late arrivals", () => {
  test("what is acknowledged is in the log once, what is refused never, all in order, within the window", () => {
    const seen = { appended: 0, none: 0, unknown: 0 };
    const courseOf = (seed: number): void => {
      const course = new Course(seed);
      course.run(200);
      const { log } = course.broker;
      expect(queue.isEmpty).toBe(true);
      expect(log).toEqual([...new Set(log)].sort((a, b) => a - b));
      for (const [id, verdict] of course.verdicts) {
        seen[verdict.kind === "appended" ? "appended" : verdict.effect] += 1;
        if (verdict.kind === "appended") {
          expect(log).toContain(id);
          if (verdict.baseOffset >= 0) expect(verdict.baseOffset).toBe(course.broker.baseOffsetOf(id));
        } else if (verdict.effect === "none") expect(log).not.toContain(id);
      }
    };
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), courseOf), { numRuns: 500 });
    expect(Math.min(seen.appended, seen.none, seen.unknown)).toBeGreaterThan(100);
  });
});
