import { assert, unreachable } from "../../base/assert.ts";
import type { LogError } from "../../base/errors.ts";
import { advanceSequence } from "../../records/batch-header.ts";
import type { ProducerFields } from "../../records/write-header.ts";
import type { Identity, Outcome, QueueDecision, QueuedBatch, QueueOptions, Slot, Verdict } from "./queue-types.ts";

const EPOCH_MAX = 32767;
const UNKNOWN_OFFSET = -1;
const CONTRADICTIONS_BELIEVED = 3;

/**
 * Order and numbering of one producer's batches to one partition: which batch may be sent now, and what an
 * answer means. No I/O and no clock, so that its promises can be tried on any course of events:
 *
 * - Batches are appended in the order they were added, each at most once (with an identity).
 * - A new batch starts only while the oldest undecided one is among the last `windowMax` started: the broker
 *   still tells that one's repeats from new batches.
 * - A batch that may have been appended is only ever repeated under the same numbers; when time runs out it is
 *   reported as unknown. Batches are renumbered, under a higher epoch, only when they were provably not
 *   appended, and only after every older batch is decided or reported.
 *
 * A batch that was refused every time leaves a hole: no broker appends what follows it under the same epoch,
 * so the batches behind a hole are known not to be appended, whatever became of their answers.
 */
export class PartitionQueue<Batch extends QueuedBatch> {
  readonly #options: QueueOptions;
  #waiting: Slot<Batch>[] = [];
  /** Started under the current identity and not decided, oldest first. */
  #window: Slot<Batch>[] = [];
  #identity: Identity | undefined;
  #staleProducerId: number | undefined;
  #nextSequence = 0;
  #nextOrdinal = 0;
  #highestAppended = -1;
  /** Set from a hole or an unknown outcome on until the window has drained and the epoch is raised. */
  #renumbering = false;
  #needsFreshId = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#window.length === 0;
  }

  /** Whether a batch added now could be started at once; `alone` asks that nothing else is undecided either. */
  wouldStart(alone: boolean): boolean {
    if (this.#waiting.length > 0 || this.#renumbering) return false;
    if (this.#window.length === 0) return true;
    return !alone && this.#hasRoom() && this.#window.every((slot) => slot.state === "sending");
  }

  add(batch: Batch): void {
    this.#waiting.push(newSlot(batch, "waiting"));
  }

  adopt(identity: Identity): void {
    assert(this.#window.length === 0, "a producer id changes only when nothing is undecided");
    this.#identity = identity;
  }

  /** What to do next. `start` the slot of a "send" before asking again. */
  peek(nowMs: number): QueueDecision<Batch> {
    const retry = this.#window.find((slot) => slot.state === "retrying");
    if (retry !== undefined) {
      // One at a time, the oldest first: what follows it cannot be taken before it anyway.
      if (retry !== this.#window[0]) return { kind: "wait", untilMs: Number.POSITIVE_INFINITY };
      return sendOrWait(retry, nowMs);
    }
    const next = this.#waiting[0];
    if (next === undefined || this.#renumbering || !this.#hasRoom()) {
      return { kind: "wait", untilMs: Number.POSITIVE_INFINITY };
    }
    const decision = sendOrWait(next, nowMs);
    if (decision.kind === "send" && this.#options.idempotent && this.#identity === undefined) {
      return { kind: "identity", staleProducerId: this.#staleProducerId };
    }
    return decision;
  }

  /** The batch goes out now; gives it its numbers the first time. */
  start(slot: Slot<Batch>): void {
    if (slot.state === "waiting") {
      assert(slot === this.#waiting[0], "batches start in order");
      this.#waiting.shift();
      slot.ordinal = this.#nextOrdinal++;
      slot.producer = this.#nextNumbers(slot.batch.recordCount);
      this.#window.push(slot);
    }
    assert(slot.state !== "sending", "one attempt of a batch at a time");
    slot.state = "sending";
    slot.attempts += 1;
  }

  /** Takes in what became of an attempt; answers what is thereby decided. */
  settle(slot: Slot<Batch>, outcome: Outcome<Batch>): Verdict<Batch>[] {
    assert(slot.state === "sending", "only an attempt under way has an outcome");
    const verdicts = this.#apply(slot, outcome);
    this.#renumberWhenDrained();
    return verdicts;
  }

  /** Gives up what is past its time and not under way. */
  expire(nowMs: number): Verdict<Batch>[] {
    const verdicts: Verdict<Batch>[] = [];
    for (const slot of [...this.#window, ...this.#waiting]) {
      if (slot.state === "sending" || slot.batch.deadlineMs > nowMs) continue;
      verdicts.push(this.#leave(slot, slot.lastError, true));
    }
    if (verdicts.length > 0) this.#renumberWhenDrained();
    return verdicts;
  }

  /** Gives up everything that was never sent, or provably never stored and is to be sent anew. */
  refuseWaiting(error: LogError): Verdict<Batch>[] {
    return [...this.#waiting].map((slot) => this.#leave(slot, error, false));
  }

  /** Gives up everything, also what is under way. */
  abandon(error: LogError): Verdict<Batch>[] {
    for (const slot of this.#window) if (slot.state === "sending") slot.undecided = true;
    return [...this.#window, ...this.#waiting].map((slot) => this.#leave(slot, error, false));
  }

  /** When to ask again though nothing happened; infinity when only an answer can change anything. */
  wakeAtMs(nowMs: number): number {
    const decision = this.peek(nowMs);
    let wakeAtMs = decision.kind === "wait" ? decision.untilMs : nowMs;
    for (const slots of [this.#window, this.#waiting]) {
      for (const slot of slots) if (slot.state !== "sending") wakeAtMs = Math.min(wakeAtMs, slot.batch.deadlineMs);
    }
    return wakeAtMs;
  }

  #hasRoom(): boolean {
    const oldest = this.#window[0];
    return oldest === undefined || this.#nextOrdinal - oldest.ordinal < this.#options.windowMax;
  }

  #nextNumbers(recordCount: number): ProducerFields | undefined {
    if (this.#identity === undefined) return undefined;
    const numbers = { ...this.#identity, baseSequence: this.#nextSequence };
    this.#nextSequence = advanceSequence(this.#nextSequence, recordCount);
    return numbers;
  }

  #apply(slot: Slot<Batch>, outcome: Outcome<Batch>): Verdict<Batch>[] {
    switch (outcome.kind) {
      case "appended":
        this.#remove(slot);
        this.#highestAppended = Math.max(this.#highestAppended, slot.ordinal);
        return [{ ...outcome, batch: slot.batch }];
      case "lost":
        slot.undecided = true;
        return this.#again(slot, outcome);
      case "busy":
        return this.#again(slot, outcome);
      case "outOfStep":
        return this.#outOfStep(slot, outcome);
      case "refused":
        return [this.#leave(slot, outcome.error, false)];
      case "unresolved":
        slot.undecided = true;
        return [this.#leave(slot, outcome.error, false)];
      case "replaced":
        return this.#replace(slot, outcome);
      default:
        return unreachable(outcome);
    }
  }

  #again(slot: Slot<Batch>, { error, retryAtMs }: { error: LogError; retryAtMs: number }): Verdict<Batch>[] {
    slot.lastError = error;
    slot.notBeforeMs = retryAtMs;
    slot.state = slot.behindHole ? "parked" : "retrying";
    return [];
  }

  // The broker misses what came before, or knows nothing of this producer. While an older batch is undecided it
  // comes first; after that a repeat under the same numbers cannot succeed.
  #outOfStep(slot: Slot<Batch>, outcome: Extract<Outcome<Batch>, { kind: "outOfStep" }>): Verdict<Batch>[] {
    if (slot.behindHole || slot !== this.#window[0]) return this.#again(slot, outcome);
    slot.contradictions += 1;
    // Its own earlier attempt may just be taking effect, and a repeat is then recognised.
    if (slot.undecided && slot.contradictions < CONTRADICTIONS_BELIEVED) return this.#again(slot, outcome);
    this.#needsFreshId ||= outcome.needsFreshId;
    if (slot.undecided) return [this.#leave(slot, outcome.error, false)];
    slot.behindHole = true;
    this.#openHole(slot.ordinal);
    return this.#again(slot, outcome);
  }

  #replace(slot: Slot<Batch>, outcome: Extract<Outcome<Batch>, { kind: "replaced" }>): Verdict<Batch>[] {
    if (slot.undecided && !slot.behindHole) return [this.#leave(slot, outcome.error, false)];
    const parts = outcome.by.map((batch) => ({ ...newSlot(batch, "parked"), ordinal: slot.ordinal, behindHole: true }));
    this.#window.splice(this.#window.indexOf(slot), 1, ...parts);
    this.#openHole(slot.ordinal);
    return [];
  }

  // Ends a batch without an acknowledgement.
  #leave(slot: Slot<Batch>, error: LogError | undefined, expired: boolean): Verdict<Batch> {
    const started = slot.state !== "waiting";
    this.#remove(slot);
    if (slot.undecided && !slot.behindHole) {
      if (this.#options.idempotent && slot.ordinal < this.#highestAppended) {
        // A later batch of the same epoch stands in the log, so this one does; only its offset stays unknown.
        return { kind: "appended", batch: slot.batch, baseOffset: UNKNOWN_OFFSET, appendTimeMs: -1 };
      }
      this.#renumbering = true;
      return { kind: "failed", batch: slot.batch, effect: "unknown", error, expired };
    }
    if (started && !slot.behindHole) this.#openHole(slot.ordinal);
    return { kind: "failed", batch: slot.batch, effect: "none", error, expired };
  }

  #openHole(ordinal: number): void {
    this.#renumbering = true;
    for (const slot of this.#window) {
      if (slot.ordinal <= ordinal) continue;
      slot.behindHole = true;
      if (slot.state === "retrying") slot.state = "parked";
    }
  }

  #remove(slot: Slot<Batch>): void {
    const slots = slot.state === "waiting" ? this.#waiting : this.#window;
    const at = slots.indexOf(slot);
    assert(at >= 0, "a batch is decided once");
    slots.splice(at, 1);
  }

  #renumberWhenDrained(): void {
    if (!this.#renumbering || this.#window.some((slot) => slot.state !== "parked")) return;
    const again = this.#window.map((slot) => ({
      ...newSlot(slot.batch, "waiting"),
      attempts: slot.attempts,
      lastError: slot.lastError,
      notBeforeMs: slot.notBeforeMs,
    }));
    this.#waiting.unshift(...again);
    this.#window = [];
    this.#renumbering = false;
    this.#nextOrdinal = 0;
    this.#nextSequence = 0;
    this.#highestAppended = -1;
    this.#raiseEpoch();
  }

  // This process alone uses the producer id, so it may raise the epoch by itself; the first batch under it
  // fences whatever is still on its way under the old one.
  #raiseEpoch(): void {
    const identity = this.#identity;
    if (identity === undefined) return;
    if (this.#needsFreshId || identity.producerEpoch >= EPOCH_MAX) {
      this.#staleProducerId = identity.producerId;
      this.#identity = undefined;
    } else {
      this.#identity = { ...identity, producerEpoch: identity.producerEpoch + 1 };
    }
    this.#needsFreshId = false;
  }
}

function newSlot<Batch>(batch: Batch, state: "waiting" | "parked"): Slot<Batch> {
  return {
    batch,
    state,
    ordinal: -1,
    attempts: 0,
    contradictions: 0,
    undecided: false,
    behindHole: false,
    notBeforeMs: Number.NEGATIVE_INFINITY,
    producer: undefined,
    lastError: undefined,
  };
}

function sendOrWait<Batch>(slot: Slot<Batch>, nowMs: number): QueueDecision<Batch> {
  if (slot.notBeforeMs > nowMs) return { kind: "wait", untilMs: slot.notBeforeMs };
  return { kind: "send", slot };
}
