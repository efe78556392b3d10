import type { Clock } from "../base/clock.ts";

/** Hears of every append to its partitions from the moment it was made. */
export interface AppendListener {
  /** Resolves at the next append, at once if there was one already; or after `timeoutMs`, or an abort. */
  wait(clock: Clock, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Wakes this broker's own waiting fetches as soon as it has committed to their partitions. */
export class AppendSignal {
  readonly #listeners = new Map<string, Set<() => void>>();

  appended(partition: string): void {
    const listeners = this.#listeners.get(partition);
    if (listeners !== undefined) for (const hear of listeners) hear();
  }

  /** Made before the partitions are read, so that no append falls between reading and waiting. */
  listen(partitions: readonly string[]): AppendListener {
    let heard = false;
    let wake: (() => void) | undefined;
    const hear = (): void => {
      heard = true;
      wake?.();
    };
    for (const partition of partitions) this.#add(partition, hear);
    return {
      wait: (clock, timeoutMs, signal) =>
        new Promise((resolve) => {
          if (heard || signal?.aborted) return resolve();
          const done = (): void => {
            timer.cancel();
            signal?.removeEventListener("abort", done);
            resolve();
          };
          const timer = clock.startTimer(timeoutMs, done);
          signal?.addEventListener("abort", done, { once: true });
          wake = done;
        }),
      close: () => {
        for (const partition of partitions) this.#remove(partition, hear);
      },
    };
  }

  #add(partition: string, hear: () => void): void {
    const listeners = this.#listeners.get(partition);
    if (listeners === undefined) this.#listeners.set(partition, new Set([hear]));
    else listeners.add(hear);
  }

  #remove(partition: string, hear: () => void): void {
    const listeners = this.#listeners.get(partition);
    if (listeners?.delete(hear) && listeners.size === 0) this.#listeners.delete(partition);
  }
}
