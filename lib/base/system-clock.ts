import { type Clock, sleepOn } from "./clock.ts";

/** The operating system's clock. Timers do not keep the process alive unless `keepAlive`. */
export function systemClock(options: { keepAlive?: boolean } = {}): Clock {
  const clock: Clock = {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    startTimer(delayMs, action) {
      const handle = setTimeout(action, delayMs);
      if (options.keepAlive === false) handle.unref();
      return { cancel: () => clearTimeout(handle) };
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}
