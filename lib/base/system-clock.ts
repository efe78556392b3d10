import { type Clock, sleepOn } from "./clock.ts";

/** The operating system's clock. Timers do not keep the process alive unless `keepAlive`. */
export function systemClock(options: { keepAlive?: boolean } = {}): Clock {
  const clock: Clock = {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    startTimer(delayMs, action) {
      // Node cuts fractions off, and counts from a time that is up to a ms old: it would be early.
      const handle = setTimeout(action, Math.ceil(delayMs) + 1);
      if (options.keepAlive === false) handle.unref();
      return { cancel: () => clearTimeout(handle) };
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}
