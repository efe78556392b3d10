import type { Clock } from "../base/clock.ts";

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** What a shell reports for a process that a signal ended: 128 and the signal's number. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Under npm one Ctrl-C arrives twice, from the terminal and from npm: an impatient second one comes later. */
const sameSignalMs = 400;

/**
 * Resolves when the process is asked to stop, by Ctrl-C or a process manager. From then on a second signal ends
 * the process at once: nothing acknowledged is lost by that, requests under way are.
 */
export function askedToStop(clock: Clock): Promise<StopSignal> {
  return new Promise((resolve) => {
    let askedMs: number | undefined;
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        if (askedMs !== undefined && clock.monotonicMs() - askedMs > sameSignalMs) process.exit(EXIT_CODES[signal]);
        askedMs ??= clock.monotonicMs();
        resolve(signal);
      });
    }
  });
}
