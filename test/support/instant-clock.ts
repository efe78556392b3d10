import { type Clock, sleepOn } from "../../lib/base/clock.ts";

interface Due {
  readonly atMs: number;
  readonly action: () => void;
}

/** A clock that stands still until told to advance; a sleeper advances it at once and notes how long it slept. */
export class InstantClock implements Clock {
  readonly slept: number[] = [];
  #nowMs = 1_000_000;
  readonly #due = new Set<Due>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  startTimer(delayMs: number, action: () => void): { cancel: () => void } {
    const due = { atMs: this.#nowMs + delayMs, action };
    this.#due.add(due);
    return { cancel: () => this.#due.delete(due) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    const sleeping = sleepOn(this, delayMs, signal);
    this.slept.push(delayMs);
    if (!signal?.aborted) this.advance(delayMs);
    return sleeping;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const due of [...this.#due].sort((a, b) => a.atMs - b.atMs)) {
      if (due.atMs <= this.#nowMs && this.#due.delete(due)) due.action();
    }
  }
}
