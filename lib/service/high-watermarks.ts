import { type PartitionRef, partitionName } from "../log/log-context.ts";

const REMEMBERED_MAX = 50_000;

/**
 * The highest high watermark that this broker has seen of each partition. It only grows, so what was seen once is
 * reached for ever: a commit below it needs no look at the partition.
 */
export class HighWatermarks {
  readonly #seen = new Map<string, number>();

  note(ref: PartitionRef, highWatermark: number): void {
    const name = partitionName(ref);
    const known = this.#seen.get(name);
    if (known !== undefined && known >= highWatermark) return;
    if (this.#seen.size >= REMEMBERED_MAX) this.#seen.clear();
    this.#seen.set(name, highWatermark);
  }

  reaches(ref: PartitionRef, offset: number): boolean {
    return offset <= (this.#seen.get(partitionName(ref)) ?? 0);
  }
}
