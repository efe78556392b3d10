import type { Clock } from "../../lib/base/clock.ts";
import { systemClock } from "../../lib/base/system-clock.ts";

/** The system's clock, but for its wall clock, which only goes on when it is told to: days pass while a test runs. */
export class SkippingClock implements Clock {
  readonly #system = systemClock();
  #nowMs = Date.now();
  readonly monotonicMs = this.#system.monotonicMs;
  readonly startTimer = this.#system.startTimer;
  readonly sleep = this.#system.sleep;

  nowMs(): number {
    return this.#nowMs;
  }

  skip(ms: number): void {
    this.#nowMs += ms;
  }
}
