import { type Clock, sleepOn } from "../../lib/base/clock.ts";
import type { Codecs } from "../../lib/base/compression.ts";
import { silentLogger } from "../../lib/base/logger.ts";
import type { Meter } from "../../lib/base/meter.ts";
import type { Runtime } from "../../lib/base/runtime.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Virtual time 0 on a clock that is right: 2027-01-15T08:00:00Z. */
export const EPOCH_MS = 1_800_000_000_000;

/** A rest of time too small to be told from none would let a timer expire for ever in the same moment. */
const TIMER_MS_MIN = 0.001;

export interface ProcessOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly codecs: Codecs;
  readonly meter: Meter;
  /** How far its wall clock is off. */
  readonly skewMs: number;
}

/**
 * One simulated operating-system process. Everything that reaches it from outside (timers, answers, requests)
 * comes through `deliver`, so a crashed one never runs again and a frozen one goes on where it stood.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly runtime: Runtime;
  readonly #scheduler: Scheduler;
  readonly #bootedAtMs: number;
  readonly #random: SeededRandom;
  readonly #onCrash = new Set<() => void>();
  #skewMs: number;
  #state: "running" | "frozen" | "crashed" = "running";
  #waiting: (() => void)[] = [];

  constructor(options: ProcessOptions) {
    this.name = options.name;
    this.#scheduler = options.scheduler;
    this.#bootedAtMs = options.scheduler.nowMs;
    this.#random = options.random;
    this.#skewMs = options.skewMs;
    this.runtime = {
      clock: this.#clock(),
      random: options.random.fork("runtime"),
      codecs: options.codecs,
      logger: silentLogger,
      meter: options.meter,
    };
  }

  get crashed(): boolean {
    return this.#state === "crashed";
  }

  get running(): boolean {
    return this.#state === "running";
  }

  /** Runs `action` in this process: now, when it thaws, or never. */
  deliver(action: () => void): void {
    if (this.#state === "running") action();
    else if (this.#state === "frozen") this.#waiting.push(action);
  }

  crash(): void {
    this.#state = "crashed";
    this.#waiting = [];
    const listeners = [...this.#onCrash];
    this.#onCrash.clear();
    for (const listener of listeners) listener();
  }

  /** For whoever is connected to it. Answers with what takes the listener away. */
  onCrash(listener: () => void): () => void {
    this.#onCrash.add(listener);
    return () => this.#onCrash.delete(listener);
  }

  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  /** What piled up comes in any order: the answer that was there in time may be seen after its deadline. */
  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    for (const action of this.#waiting.splice(0)) {
      this.#scheduler.after(this.#random.fraction() * 2, () => this.deliver(action));
    }
  }

  /** A step of the wall clock, as by an administrator or a time daemon. */
  jumpClock(byMs: number): void {
    this.#skewMs += byMs;
  }

  setClockRight(): void {
    this.#skewMs = 0;
  }

  #clock(): Clock {
    const scheduler = this.#scheduler;
    const clock: Clock = {
      nowMs: () => EPOCH_MS + Math.floor(scheduler.nowMs) + this.#skewMs,
      monotonicMs: () => scheduler.nowMs - this.#bootedAtMs,
      startTimer: (delayMs, action) => {
        let cancelled = false;
        const expire = (): void => {
          if (!cancelled) action();
        };
        const event = scheduler.after(delayMs > 0 ? Math.max(delayMs, TIMER_MS_MIN) : 0, () => this.deliver(expire));
        return {
          cancel: () => {
            cancelled = true;
            event.cancel();
          },
        };
      },
      sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    };
    return clock;
  }
}
