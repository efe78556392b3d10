import type { Clock } from "../base/clock.ts";
import { damageBelievedMs, damageRememberedMax } from "../base/limits.ts";

/**
 * What one broker has found damaged, by name: rolls, merges and compaction leave it alone for a while instead of
 * reading it again and again. Then it is looked at anew, since somebody may have repaired it.
 */
export class DamageMemory {
  readonly #clock: Clock;
  readonly #believedUntilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: string): boolean {
    const untilMs = this.#believedUntilMs.get(name);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.monotonicMs()) return true;
    this.#believedUntilMs.delete(name);
    return false;
  }

  add(name: string): void {
    this.#believedUntilMs.delete(name);
    this.#believedUntilMs.set(name, this.#clock.monotonicMs() + damageBelievedMs);
    for (const oldest of this.#believedUntilMs.keys()) {
      if (this.#believedUntilMs.size <= damageRememberedMax) break;
      this.#believedUntilMs.delete(oldest);
    }
  }
}
