import type { Stamp } from "../base/ids.ts";
import type { Head } from "../storage/items/head.ts";
import { decodeProducerState, type ProducerState } from "../storage/items/producer-state.ts";

/** A producer's value as it stands in the store, and what this broker knows beyond it (exact offsets). */
export interface KnownProducer {
  /** In the head: compared byte for byte by the next commit. Undefined: the head has none. */
  readonly stored: Uint8Array | undefined;
  readonly state: ProducerState | undefined;
}

/**
 * What one broker believes of one partition. It may be out of date in everything: each commit demands the parts
 * it relies on, and a refusal brings the truth.
 */
export class PartitionView {
  epoch: number;
  tailBase: number;
  next: number;
  spills: number;
  horizon: Stamp;
  readonly #producers = new Map<number, KnownProducer>();
  /** Producers that the head does not hold, looked up in their own items while `spills` was what it is. */
  readonly #outside = new Map<number, ProducerState | undefined>();

  constructor(head: Head) {
    this.epoch = head.epoch;
    this.tailBase = head.tailBase;
    this.next = head.next;
    this.spills = head.spills;
    this.horizon = head.horizon;
    for (const [id, stored] of Object.entries(head.producers)) {
      if (stored instanceof Uint8Array) {
        this.#producers.set(Number(id), { stored, state: decodeProducerState(stored) });
      }
    }
  }

  /** Undefined when neither the head nor an idle item has been looked into for this producer. */
  producer(id: number): KnownProducer | undefined {
    const known = this.#producers.get(id);
    if (known !== undefined) return known;
    return this.#outside.has(id) ? { stored: undefined, state: this.#outside.get(id) } : undefined;
  }

  /** What the producer's own item says (undefined: there is none), read after this view's head. */
  learnOutside(id: number, state: ProducerState | undefined): void {
    this.#outside.set(id, state);
  }

  committed(id: number, known: KnownProducer): void {
    this.#producers.set(id, known);
    this.#outside.delete(id);
  }

  get producerCount(): number {
    return this.#producers.size;
  }

  /** Keeps what is exact here and only bounded in the store, when a newer head shows the same value. */
  carryOver(older: PartitionView): void {
    for (const [id, known] of older.#producers) {
      const mine = this.#producers.get(id);
      if (mine?.stored !== undefined && known.stored !== undefined && Buffer.compare(mine.stored, known.stored) === 0) {
        this.#producers.set(id, known);
      }
    }
  }
}
