import type { AbortedTransaction, Isolation } from "../../api/record-types.ts";
import { type BatchHeader, endOffsetOf, isControl, isTransactional } from "../../records/batch-header.ts";

/**
 * Tells which batches of one fetch a reader does not get to see: control batches never, and with
 * `read_committed` those of transactions that were aborted. Batches are asked for in the log's order.
 */
export class AbortedTransactions {
  readonly #isolation: Isolation;
  /** By first offset. */
  readonly #coming: AbortedTransaction[];
  readonly #aborting = new Set<number>();

  constructor(isolation: Isolation, aborted: readonly AbortedTransaction[]) {
    this.#isolation = isolation;
    this.#coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  hides(header: BatchHeader): boolean {
    if (this.#isolation === "read_uncommitted") return isControl(header);
    while (this.#coming[0] !== undefined && this.#coming[0].firstOffset < endOffsetOf(header)) {
      this.#aborting.add(this.#coming[0].producerId);
      this.#coming.shift();
    }
    if (isControl(header)) {
      // The marker that ends a transaction; the producer's next one begins after it.
      this.#aborting.delete(header.producerId);
      return true;
    }
    return isTransactional(header) && this.#aborting.has(header.producerId);
  }
}
