interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
  cancelled: boolean;
  cancel(): void;
}

/** A binary heap of events by time, then by the order in which they were pushed. */
export class EventHeap {
  readonly #entries: Entry[] = [];
  #pushed = 0;

  push(atMs: number, action: () => void): Entry {
    const entry: Entry = {
      atMs,
      order: this.#pushed++,
      action,
      cancelled: false,
      cancel() {
        entry.cancelled = true;
      },
    };
    this.#entries.push(entry);
    this.#rise(this.#entries.length - 1);
    return entry;
  }

  /** The earliest event at or before `untilMs` that was not cancelled. */
  pop(untilMs: number): Entry | undefined {
    for (;;) {
      const first = this.#entries[0];
      if (first === undefined || (first.atMs > untilMs && !first.cancelled)) return undefined;
      const last = this.#entries.pop() as Entry;
      if (this.#entries.length > 0) {
        this.#entries[0] = last;
        this.#sink(0);
      }
      if (!first.cancelled) return first;
    }
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#entries.length && this.#before(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const left = this.#entries[a] as Entry;
    const right = this.#entries[b] as Entry;
    return left.atMs === right.atMs ? left.order < right.order : left.atMs < right.atMs;
  }

  #swap(a: number, b: number): void {
    const kept = this.#entries[a] as Entry;
    this.#entries[a] = this.#entries[b] as Entry;
    this.#entries[b] = kept;
  }
}
