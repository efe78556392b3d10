import type { Clock } from "../../base/clock.ts";

/** Waits for work no longer than this; whether it was done. The work goes on; its failure is thrown if it came in time. */
export function within(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.startTimer(Math.max(0, timeoutMs), () => resolve(false));
    work.then(
      () => {
        timer.cancel();
        resolve(true);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
