import type { IndexItem } from "../../storage/items/index-item.ts";

const ITEMS_PER_PARTITION = 4;
/** Readers whose place is remembered; others begin at the sparse index's mark before it. */
const POSITIONS_MAX = 4096;

/**
 * The segments that readers are in, so that reading on costs no query. A merge may replace one at any time; then
 * its object is missing, and the reader forgets the partition and asks again.
 */
export class IndexCache {
  readonly #partitionsMax: number;
  readonly #partitions = new Map<string, IndexItem[]>();
  readonly #positions = new Map<string, number>();

  constructor(partitionsMax: number) {
    this.#partitionsMax = partitionsMax;
  }

  find(partition: string, offset: number): IndexItem | undefined {
    return this.#partitions.get(partition)?.find((item) => item.base <= offset && offset < item.end);
  }

  keep(partition: string, item: IndexItem): void {
    if (item.kind !== "segment") return;
    const others = (this.#partitions.get(partition) ?? []).filter((each) => each.base !== item.base);
    this.#partitions.delete(partition);
    this.#partitions.set(partition, [item, ...others].slice(0, ITEMS_PER_PARTITION));
    for (const oldest of this.#partitions.keys()) {
      if (this.#partitions.size <= this.#partitionsMax) break;
      this.#partitions.delete(oldest);
    }
  }

  forget(partition: string): void {
    this.#partitions.delete(partition);
  }

  /** Where in a segment's object the batch begins that a reader got to; true for ever, since objects do not change. */
  positionOf(objectKey: string, offset: number): number | undefined {
    return this.#positions.get(positionName(objectKey, offset));
  }

  notePosition(objectKey: string, offset: number, position: number): void {
    const name = positionName(objectKey, offset);
    this.#positions.delete(name);
    this.#positions.set(name, position);
    for (const oldest of this.#positions.keys()) {
      if (this.#positions.size <= POSITIONS_MAX) break;
      this.#positions.delete(oldest);
    }
  }
}

function positionName(objectKey: string, offset: number): string {
  return `${objectKey}@${offset}`;
}
