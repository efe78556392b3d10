import type { Scheduler } from "./scheduler.ts";

/** How often those who rest look whether any time is left. */
const LOOKED_UP_MS = 5000;

export interface TideStory {
  /** How long clients are at work. */
  readonly dayMs: number;
  /** How long all of them rest after that; brokers look after what is stored meanwhile. */
  readonly nightMs: number;
}

/**
 * The common rhythm of clients: what they begin in the morning meets, and what is late or was left behind has the
 * night, in which much time passes in few operations.
 */
export class Tide {
  readonly #scheduler: Scheduler;
  readonly #story: TideStory;
  #over: boolean = false;
  #lullUntilMs = 0;

  constructor(scheduler: Scheduler, story: TideStory) {
    this.#scheduler = scheduler;
    this.#story = story;
  }

  /** A client's pause: so long, and then until the morning if it is night. */
  async pause(ms: number): Promise<void> {
    await this.#rest(ms);
    if (this.#scheduler.nowMs < this.#lullUntilMs) await this.#rest(this.#lullUntilMs - this.#scheduler.nowMs);
    const { dayMs, nightMs } = this.#story;
    const hour = this.#scheduler.nowMs % (dayMs + nightMs);
    if (!this.#over && hour > dayMs) await this.#rest(dayMs + nightMs - hour);
  }

  /** Whoever rests when all is to be finished soon goes on. */
  async #rest(ms: number): Promise<void> {
    let leftMs = ms;
    do {
      const stepMs = Math.min(leftMs, LOOKED_UP_MS);
      await this.#scheduler.sleep(stepMs);
      leftMs -= stepMs;
    } while (leftMs > 0 && !this.#over);
  }

  /** Clients rest a little while in the middle of the day: what brokers do meanwhile is undisturbed by them. */
  lull(forMs: number): void {
    this.#lullUntilMs = this.#scheduler.nowMs + forMs;
  }

  /** No night comes any more. */
  end(): void {
    this.#over = true;
  }
}
