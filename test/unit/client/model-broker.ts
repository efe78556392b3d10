import { present } from "../../../lib/base/assert.ts";
import type { ProducerFields } from "../../../lib/records/write-header.ts";

export interface SentBatch {
  readonly id: number;
  readonly recordCount: number;
  /** The broker refuses it whatever comes with it. */
  readonly poisoned: boolean;
}

export type BrokerAnswer =
  | { readonly kind: "appended"; readonly baseOffset: number }
  | { readonly kind: "refused" | "outOfOrder" | "fenced" | "unknownProducer" };

interface Kept {
  readonly first: number;
  readonly baseOffset: number;
}

/** One partition as Kafka's rules for producers have it: contiguous sequences, five batches remembered, epochs. */
export class ModelBroker {
  /** Batch ids in the order of the log. */
  readonly log: number[] = [];
  readonly baseOffsets = new Map<number, number>();
  #nextOffset = 0;
  #epoch: number | undefined;
  #nextSequence = 0;
  #kept: Kept[] = [];

  append(batch: SentBatch, producer: ProducerFields): BrokerAnswer {
    if (batch.poisoned) return { kind: "refused" };
    const { producerEpoch: epoch, baseSequence: first } = producer;
    if (this.#epoch === undefined && first !== 0) return { kind: "unknownProducer" };
    if (this.#epoch !== undefined && epoch < this.#epoch) return { kind: "fenced" };
    if (epoch === this.#epoch) {
      const kept = this.#kept.find((one) => one.first === first);
      if (kept !== undefined) return { kind: "appended", baseOffset: kept.baseOffset };
      if (first !== this.#nextSequence) return { kind: "outOfOrder" };
    } else if (first !== 0) return { kind: "outOfOrder" };
    return this.#write(batch, epoch, first);
  }

  #write(batch: SentBatch, epoch: number, first: number): BrokerAnswer {
    if (epoch !== this.#epoch) this.#kept = [];
    const baseOffset = this.#nextOffset;
    this.#epoch = epoch;
    this.#nextSequence = first + batch.recordCount;
    this.#nextOffset += batch.recordCount;
    this.#kept = [...this.#kept, { first, baseOffset }].slice(-5);
    this.log.push(batch.id);
    if (!this.baseOffsets.has(batch.id)) this.baseOffsets.set(batch.id, baseOffset);
    return { kind: "appended", baseOffset };
  }

  baseOffsetOf(id: number): number {
    return present(this.baseOffsets.get(id), "the batch is in the log");
  }
}
