import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
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
  run(done: () => boolean, untilMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          const over = this.#runTurn(done, untilMs);
          if (over === undefined) setImmediate(turn);
          else resolve(over);
        } catch (error) {
          reject(error);
        }
      };
      setImmediate(turn);
    });
  }

  /** Some events; undefined when more are to be run. */
  #runTurn(done: () => boolean, untilMs: number): boolean | undefined {
    while (!done()) {
      const event = this.#heap.pop(untilMs);
      if (event === undefined) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#nowMs = event.atMs;
      this.#eventsRun += 1;
      event.action();
      drivePromises();
      if (this.#eventsRun % EVENTS_PER_TURN === 0) return undefined;
    }
    return true;
  }
}

/** Node tells of rejections that nobody handles in a turn of its own only: one must come now and then. */
const EVENTS_PER_TURN = 16;

/**
 * Empties V8's queue of promises at once, from where none of them runs: in a turn of the real event loop. What Node
 * offers makes a promise and a tick for each event, or tells of rejections before an event of the same turn handles them.
 */
const drivePromises = withNativeSyntax("() => %PerformMicrotaskCheckpoint()");

function withNativeSyntax(source: string): () => void {
  setFlagsFromString("--allow-natives-syntax");
  return runInThisContext(source) as () => void;
}
