import { EventHeap } from "./event-heap.ts";

/** Cancelling what has already run is no error. */
export interface ScheduledEvent {
  cancel(): void;
}

/**
 * Virtual time: events in order of their time, ties in order of their making. Between two events all promises
 * are driven until nothing is left to do, so what an event sets off is over before the next one begins.
 */
export class Scheduler {
  #nowMs = 0;
  #eventsRun = 0;
  readonly #heap = new EventHeap();

  /** ms since the run began, with a fraction. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get eventsRun(): number {
    return this.#eventsRun;
  }

  after(delayMs: number, action: () => void): ScheduledEvent {
    return this.#heap.push(this.#nowMs + Math.max(0, delayMs), action);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs until `done` answers true or virtual time passes `untilMs`; whether it was `done`. */
  async run(done: () => boolean, untilMs: number): Promise<boolean> {
    await promisesDriven();
    while (!done()) {
      const event = this.#heap.pop(untilMs);
      if (event === undefined) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#nowMs = event.atMs;
      this.#eventsRun += 1;
      event.action();
      await promisesDriven();
    }
    return true;
  }
}

/**
 * A turn of the real event loop: Node empties the queues of promises and ticks before it. This is exact,
 * however long the chains of promises are, and costs about a microsecond; counting turns of a loop is neither.
 */
function promisesDriven(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
