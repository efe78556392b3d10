import { EventHeap, type ScheduledEvent } from "./event-heap.ts";

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
      await (this.#eventsRun % EVENTS_PER_TURN === 0 ? promisesDriven() : promisesDrained());
    }
    return true;
  }
}

/** Node tells of rejections that nobody handles in a turn of its own only: one must come now and then. */
const EVENTS_PER_TURN = 16;

/** A turn of the real event loop: Node empties the queues of promises and ticks before it. */
function promisesDriven(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The same at a small part of the cost: Node begins with its queue of ticks only when the queue of promises is empty,
 * however long their chains are. The tick is asked for in a promise's reaction, so that it follows all of them.
 */
function promisesDrained(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
