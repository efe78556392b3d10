import type { Scheduler } from "./scheduler.ts";

/** What happened in a run, a line each: two runs of one seed must agree in every byte of it. */
export class Trace {
  readonly lines: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #kept: boolean;

  /** One that is not `kept` costs next to nothing, and changes nothing else in the run. */
  constructor(scheduler: Scheduler, kept = true) {
    this.#scheduler = scheduler;
    this.#kept = kept;
  }

  /** What happens most often tells it by a function, which is called only when somebody is to read it. */
  note(actor: string, what: string | (() => string)): void {
    if (!this.#kept) return;
    const told = typeof what === "string" ? what : what();
    this.lines.push(`${this.#scheduler.nowMs.toFixed(2).padStart(11)}  ${actor.padEnd(10)}  ${told}`);
  }
}
