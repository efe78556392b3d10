import type { Clock } from "../base/clock.ts";

export interface WaitOptions {
  readonly clock: Clock;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** What is thrown at the deadline. */
  late(): Error;
}

/** Waits for work that goes on without us: until it is done, the deadline passes, or the signal aborts. */
export function waitUntil<T>(work: Promise<T>, options: WaitOptions): Promise<T> {
  const { clock, deadlineMs, signal } = options;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      stop();
      reject(signal.reason);
    };
    const timer = clock.startTimer(Math.max(0, deadlineMs - clock.monotonicMs()), () => {
      stop();
      reject(options.late());
    });
    const stop = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}
