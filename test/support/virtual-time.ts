import { type Clock, sleepOn } from "../../lib/base/clock.ts";
import type { Scheduler } from "../simulation/scheduler.ts";

const WALL_CLOCK_START_MS = 1_800_000_000_000;
/** No test waits for so much virtual time: whoever does hangs. */
const RUN_MS_MAX = 24 * 3_600_000;

/** A clock that shows a scheduler's virtual time. */
export function clockOn(scheduler: Scheduler): Clock {
  const clock: Clock = {
    nowMs: () => WALL_CLOCK_START_MS + Math.floor(scheduler.nowMs),
    monotonicMs: () => scheduler.nowMs,
    startTimer: (delayMs, action) => scheduler.after(delayMs, action),
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}

/** Lets virtual time pass until the work is settled. */
export async function runOn<T>(scheduler: Scheduler, work: Promise<T>): Promise<T> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  work.then(note, note);
  const inTime = await scheduler.run(() => settled, scheduler.nowMs + RUN_MS_MAX);
  if (!inTime) throw new Error("nothing was settled in a day of virtual time");
  return work;
}
