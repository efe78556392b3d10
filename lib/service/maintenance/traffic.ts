import type { Clock } from "../../base/clock.ts";

const LOOK_MS = 5;
/** Work in the background is slowed down by a busy server, never stopped. */
const YIELD_MS_MAX = 250;

/** How many requests are being worked on for somebody who waits. A fetch that waits for records is none. */
export class Traffic {
  readonly #clock: Clock;
  #underWay = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await work();
    } finally {
      this.#underWay--;
    }
  }

  /** For work that nobody waits for: resolves when there is a pause, or after a while. */
  async giveWay(): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + YIELD_MS_MAX;
    while (this.#underWay > 0 && this.#clock.monotonicMs() < untilMs) await this.#clock.sleep(LOOK_MS);
  }
}
