import type { Clock } from "../../lib/base/clock.ts";
import { systemClock } from "../../lib/base/system-clock.ts";

/** Wall-clock ms that pass in one real one. */
const HURRY = 300;

/**
 * The system's clock, but for its wall clock, which runs 300 times as fast from `startMs` on: what waits for age
 * (horizons, retention, the collector) happens within a test, and a process that goes on where another was killed
 * finds it later than that one did. Deadlines and pauses are as ever.
 */
export function hurriedClock(startMs: number): Clock {
  return { ...systemClock(), nowMs: () => startMs + (Date.now() - startMs) * HURRY };
}
