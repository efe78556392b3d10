import type { Clock } from "../base/clock.ts";
import type { Stamp } from "../base/ids.ts";

/**
 * Gives the stamps of commit ids and unique names: the greater of the own clock and one above any horizon
 * seen, so that a broker whose clock is slow is refused once and then no more.
 */
export class StampClock {
  readonly #clock: Clock;
  #floor = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): Stamp {
    return Math.max(this.#clock.nowMs(), this.#floor + 1) as Stamp;
  }

  /** Takes note of a horizon, or of a stamp that some other broker gave. */
  observe(stamp: Stamp): void {
    if (stamp > this.#floor) this.#floor = stamp;
  }
}
