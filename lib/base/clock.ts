/** A running timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time and timers. Everything above `lib/base` is handed one, so that
 * the simulator can run the real engine on a virtual clock.
 */
export interface Clock {
  /** Wall-clock time, ms since the Unix epoch. May jump either way: never measure with it. */
  nowMs(): number;
  /** Time since an arbitrary start, ms with a fraction. Never goes back: deadlines use it. */
  monotonicMs(): number;
  /** Runs `action` once after `delayMs` or more. */
  startTimer(delayMs: number, action: () => void): Timer;
  /** Resolves after `delayMs` or more; rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** `sleep` in terms of `startTimer`; shared by the system's clock and the virtual one. */
export function sleepOn(clock: Pick<Clock, "startTimer">, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.startTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
