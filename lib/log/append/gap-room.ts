import { callWithin } from "../../base/call.ts";
import type { Timer } from "../../base/clock.ts";
import { isLogError } from "../../base/errors.ts";
import { sequenceGapWaitMs, storeCallMsMax } from "../../base/limits.ts";
import type { ProducerState } from "../../storage/items/producer-state.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { PartitionView } from "../partition-view.ts";
import { readHead } from "../read-head.ts";
import type { SequenceGap } from "./commit-group.ts";
import { decideProducer } from "./decide-producer.ts";
import { readIdleProducer } from "./idle-producers.ts";
import type { PendingBatch } from "./pending-batch.ts";

const LOOK_MS_MIN = 20;
const LOOK_MS_MAX = 320;

/**
 * Where batches of one partition wait whose predecessors are missing: those may be on another connection, or on
 * their way by another broker. A look costs one read of the head and stages nothing; whoever has waited too long
 * is refused with the error that its gap has earned.
 */
export class GapRoom {
  readonly #context: LogContext;
  readonly #ref: PartitionRef;
  readonly #readmit: (batch: PendingBatch) => void;
  readonly #waiting = new Set<SequenceGap>();
  #lookMs = LOOK_MS_MIN;
  #timer: Timer | undefined;
  #looking = false;

  constructor(context: LogContext, ref: PartitionRef, readmit: (batch: PendingBatch) => void) {
    this.#context = context;
    this.#ref = ref;
    this.#readmit = readmit;
  }

  get empty(): boolean {
    return this.#waiting.size === 0;
  }

  add(gap: SequenceGap): void {
    gap.batch.gapSinceMs ??= this.#context.runtime.clock.monotonicMs();
    this.#waiting.add(gap);
    this.#lookMs = LOOK_MS_MIN;
    this.#lookLater();
  }

  /** Something was committed to the partition: perhaps what is waited for. */
  committed(): void {
    if (this.#waiting.size > 0) void this.#look();
  }

  #lookLater(): void {
    if (this.#waiting.size === 0) return;
    this.#timer ??= this.#context.runtime.clock.startTimer(this.#lookMs, () => {
      this.#timer = undefined;
      this.#lookMs = Math.min(this.#lookMs * 2, LOOK_MS_MAX);
      void this.#look();
    });
  }

  /** Never rejects: what cannot be read is looked at again later. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      this.#refuseOverdue();
      if (this.#waiting.size > 0) await this.#readmitReady();
    } catch (error) {
      if (!isLogError(error) || !error.retriable) this.#failAll(error);
      else if (error.code === "UnknownTopicOrPartition") this.#failAll(error);
    } finally {
      this.#looking = false;
      this.#lookLater();
    }
  }

  #refuseOverdue(): void {
    const now = this.#context.runtime.clock.monotonicMs();
    for (const gap of this.#waiting) {
      const waitedMs = now - (gap.batch.gapSinceMs ?? now);
      if (waitedMs < sequenceGapWaitMs) continue;
      this.#waiting.delete(gap);
      gap.batch.fail(gap.error);
    }
  }

  async #readmitReady(): Promise<void> {
    const call = callWithin(this.#context.runtime.clock, storeCallMsMax);
    const view = new PartitionView(await readHead(this.#context, this.#ref, call));
    const states = new Map<number, ProducerState | undefined>();
    const at = { stamp: this.#context.stamps.next(), offsetFloor: view.next };
    for (const gap of [...this.#waiting].sort((a, b) => a.batch.header.baseSequence - b.batch.header.baseSequence)) {
      const { producerId: id, producerEpoch: epoch, baseSequence, recordCount: records } = gap.batch.header;
      if (!states.has(id)) {
        const known = view.producer(id);
        states.set(id, known?.state ?? (await readIdleProducer(this.#context, this.#ref, id, call)));
      }
      const decision = decideProducer(states.get(id), { epoch, baseSequence, records }, at);
      if (decision.kind === "gap") continue;
      if (decision.kind === "append") states.set(id, decision.state);
      this.#waiting.delete(gap);
      this.#readmit(gap.batch);
    }
  }

  #failAll(error: unknown): void {
    for (const { batch } of this.#waiting) batch.fail(error);
    this.#waiting.clear();
  }
}
