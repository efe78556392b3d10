/** Cancelling what has already run is no error. */
export interface ScheduledEvent {
  cancel(): void;
}

/** One event in its heap, which it knows its own place in: most timers are cancelled long before they are due. */
class Entry implements ScheduledEvent {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
  readonly #heap: EventHeap;
  /** -1 once it is in no heap any more. */
  place: number;

  constructor(heap: EventHeap, atMs: number, order: number, action: () => void) {
    this.#heap = heap;
    this.atMs = atMs;
    this.order = order;
    this.action = action;
    this.place = -1;
  }

  cancel(): void {
    if (this.place >= 0) this.#heap.remove(this);
  }
}

/** A binary heap of events by time, then by the order in which they were pushed. What is cancelled leaves it at once. */
export class EventHeap {
  readonly #entries: Entry[] = [];
  #pushed = 0;

  push(atMs: number, action: () => void): ScheduledEvent {
    const entry = new Entry(this, atMs, this.#pushed++, action);
    this.#entries.push(entry);
    this.#rise(entry, this.#entries.length - 1);
    return entry;
  }

  /** The earliest event at or before `untilMs`. */
  pop(untilMs: number): Entry | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.atMs > untilMs) return undefined;
    this.remove(first);
    return first;
  }

  remove(entry: Entry): void {
    const last = this.#entries.pop() as Entry;
    const { place } = entry;
    entry.place = -1;
    if (last === entry) return;
    if (isBefore(last, entry)) this.#rise(last, place);
    else this.#sink(last, place);
  }

  /** Puts `entry` at `from` or above, where nothing before it stands below. */
  #rise(entry: Entry, from: number): void {
    const entries = this.#entries;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = entries[above] as Entry;
      if (!isBefore(entry, parent)) break;
      entries[place] = parent;
      parent.place = place;
      place = above;
    }
    entries[place] = entry;
    entry.place = place;
  }

  /** Puts `entry` at `from` or below, where nothing after it stands above. */
  #sink(entry: Entry, from: number): void {
    const entries = this.#entries;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= entries.length) break;
      let child = entries[below] as Entry;
      const other = entries[below + 1];
      if (other !== undefined && isBefore(other, child)) {
        child = other;
        below += 1;
      }
      if (!isBefore(child, entry)) break;
      entries[place] = child;
      child.place = place;
      place = below;
    }
    entries[place] = entry;
    entry.place = place;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}
