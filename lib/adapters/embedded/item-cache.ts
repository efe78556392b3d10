import type { Item, ItemKey } from "../../storage/item-value.ts";

/** A decoded item takes about this many times its encoded bytes. */
const DECODED_FACTOR = 4;
const ENTRY_BYTES = 200;

interface Entry {
  readonly item: Item | undefined;
  readonly bytes: number;
}

/** Names an item in a map; injective, whatever characters the key holds. */
export function cacheName({ pk, sk }: ItemKey): string {
  return `${pk.length}:${pk}${sk}`;
}

/**
 * Committed items, and keys known to hold none, the longest unused leaving first. Bounded by an estimate of
 * the memory that they take.
 */
export class ItemCache {
  readonly #entries = new Map<string, Entry>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Undefined when nothing is known; `item` is undefined when it is known that there is none. */
  get(name: string): { readonly item: Item | undefined } | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  set(name: string, item: Item | undefined, encodedBytes: number): void {
    this.#drop(name);
    const bytes = ENTRY_BYTES + name.length + encodedBytes * DECODED_FACTOR;
    this.#entries.set(name, { item, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#bytes -= entry.bytes;
  }
}
