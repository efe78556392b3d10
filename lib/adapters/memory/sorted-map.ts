import { compareUtf8 } from "../../storage/key-order.ts";

/**
 * A map whose keys are walked in the order of their UTF-8 bytes. New keys mostly come last here (offsets,
 * stamps), where an insert costs nothing; elsewhere it moves a stretch of one flat array.
 */
export class SortedMap<Value> {
  readonly #values = new Map<string, Value>();
  readonly #keys: string[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: Value): void {
    if (!this.#values.has(key)) this.#keys.splice(this.position(key), 0, key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.position(key), 1);
  }

  /** How many keys are below `key`: the place where it stands, or would. */
  position(key: string): number {
    const last = this.#keys.at(-1);
    if (last === undefined || compareUtf8(last, key) < 0) return this.#keys.length;
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.#keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The key at a place, undefined past the end. */
  keyAt(position: number): string | undefined {
    return this.#keys[position];
  }
}
