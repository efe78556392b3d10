import type { Scheduler } from "./scheduler.ts";

/** What happened in a run, a line each: two runs of one seed must agree in every byte of it. */
export class Trace {
  readonly lines: string[] = [];
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  note(actor: string, what: string): void {
    this.lines.push(`${this.#scheduler.nowMs.toFixed(2).padStart(11)}  ${actor.padEnd(10)}  ${what}`);
  }
}
