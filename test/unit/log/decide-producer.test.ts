import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Stamp } from "../../../lib/base/ids.ts";
import { decideProducer, type ProducerClaim } from "../../../lib/log/append/decide-producer.ts";
import {
  decodeProducerState,
  encodeProducerState,
  type ProducerState,
} from "../../../lib/storage/items/producer-state.ts";

const LAST = 2 ** 31 - 1;
const at = { stamp: 5 as Stamp, offsetFloor: 10 };

type Answer = "append" | "duplicate" | "OutOfOrderSequence" | "InvalidProducerEpoch" | "UnknownProducerId";

/**
 * Kafka's rules told another way: every sequence number that was taken is written down, batch by batch, and
 * nothing is computed from counts.
 */
class WrittenDown {
  #epoch = -1;
  #batches: { readonly sequences: readonly number[]; readonly name: number }[] = [];

  /** A producer whose last batch was the record of `sequence`; undefined: one that nobody knows. */
  constructor(sequence: number | undefined) {
    if (sequence === undefined) return;
    this.#epoch = 0;
    this.#batches = [{ sequences: [sequence], name: 1000 }];
  }

  offer(claim: ProducerClaim, name: number): { answer: Answer; earlier?: number } {
    const sequences = sequencesOf(claim);
    if (this.#epoch < 0 && claim.baseSequence !== 0) return { answer: "UnknownProducerId" };
    if (claim.epoch < this.#epoch) return { answer: "InvalidProducerEpoch" };
    if (claim.epoch > this.#epoch) {
      if (claim.baseSequence !== 0) return { answer: "OutOfOrderSequence" };
      this.#epoch = claim.epoch;
      this.#batches = [];
    } else {
      const same = this.#batches.slice(-5).find((batch) => String(batch.sequences) === String(sequences));
      if (same !== undefined) return { answer: "duplicate", earlier: same.name };
      const last = this.#batches.at(-1)?.sequences.at(-1) ?? -1;
      if (claim.baseSequence !== (last === LAST ? 0 : last + 1)) return { answer: "OutOfOrderSequence" };
    }
    this.#batches.push({ sequences, name });
    return { answer: "append" };
  }
}

function sequencesOf({ baseSequence, records }: ProducerClaim): number[] {
  const sequences = [baseSequence];
  while (sequences.length < records) {
    const last = sequences.at(-1) as number;
    sequences.push(last === LAST ? 0 : last + 1);
  }
  return sequences;
}

/** A step: the next batch in order, one of the last again, a gap, one from before, another epoch. */
const stepArbitrary = fc.record({
  how: fc.constantFrom("next", "next", "next", "again", "ahead", "behind", "start"),
  by: fc.integer({ min: 1, max: 9 }),
  records: fc.integer({ min: 1, max: 4 }),
  epoch: fc.constantFrom(0, 0, 0, 0, 1, -1),
});

describe("an idempotent producer's batch", () => {
  test("is decided as Kafka decides it, whatever was sent before, also past 2^31 - 1", () => {
    const started = fc.constantFrom(undefined, LAST - 20, LAST - 3);
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 40 }), started, (steps, sequence) => {
        const model = new WrittenDown(sequence);
        let state: ProducerState | undefined = sequence === undefined ? undefined : stateAt(sequence);
        let epoch = 0;
        const sent: ProducerClaim[] = [];
        const offer = (claim: ProducerClaim): void => {
          const name = sent.push(claim) - 1;
          const expected = model.offer(claim, name);
          const decision = decideProducer(state, claim, { stamp: at.stamp, offsetFloor: name });
          expect(answerOf(decision)).toEqual(expected.answer);
          if (decision.kind === "duplicate") expect(decision.batch.offset).toBe(expected.earlier);
          if (decision.kind === "append") state = decodeProducerState(encodeProducerState(decision.state));
        };
        for (const step of steps) {
          const before = state?.lastSequence ?? -1;
          const shift = { next: 1, again: 0, ahead: 1 + step.by, behind: -step.by, start: 0 }[step.how];
          const again = sent[sent.length - step.by];
          const baseSequence = step.how === "start" ? 0 : (before + shift + 2 ** 31) % 2 ** 31;
          epoch = Math.max(0, epoch + step.epoch);
          offer(step.how === "again" && again ? again : { epoch, baseSequence, records: step.records });
        }
      }),
    );
  });

  test("counts on at 0 after 2^31 - 1, within a batch and between two", () => {
    const start: ProducerState = { epoch: 0, lastSequence: LAST - 1, stamp: at.stamp, batches: [] };
    const across = decideProducer(start, { epoch: 0, baseSequence: LAST, records: 3 }, at);
    expect(across).toMatchObject({ kind: "append", state: { lastSequence: 1 } });
    const state = across.kind === "append" ? across.state : undefined;
    expect(decideProducer(state, { epoch: 0, baseSequence: LAST, records: 3 }, at).kind).toBe("duplicate");
    expect(decideProducer(state, { epoch: 0, baseSequence: 2, records: 1 }, at).kind).toBe("append");
  });

  test("is waited for when it is ahead, and refused when it is behind the last five", () => {
    let state: ProducerState | undefined;
    for (let sequence = 0; sequence < 6; sequence++) {
      const decision = decideProducer(state, { epoch: 0, baseSequence: sequence, records: 1 }, at);
      if (decision.kind === "append") state = decision.state;
    }
    const kindOf = (baseSequence: number) => decideProducer(state, { epoch: 0, baseSequence, records: 1 }, at).kind;
    expect([0, 1, 5, 6, 7].map(kindOf)).toEqual(["refused", "duplicate", "duplicate", "append", "gap"]);
  });

  test("that begins where another began, but has another number of records, is no duplicate", () => {
    const first = decideProducer(undefined, { epoch: 0, baseSequence: 0, records: 2 }, at);
    const state = first.kind === "append" ? first.state : undefined;
    expect(decideProducer(state, { epoch: 0, baseSequence: 0, records: 1 }, at)).toMatchObject({ kind: "refused" });
  });
});

function answerOf(decision: ReturnType<typeof decideProducer>): Answer {
  return decision.kind === "gap" || decision.kind === "refused" ? (decision.code as Answer) : decision.kind;
}

function stateAt(sequence: number): ProducerState {
  const batches = [{ records: 1, offset: 1000, exact: true }];
  return { epoch: 0, lastSequence: sequence, stamp: at.stamp, batches };
}
