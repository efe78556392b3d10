const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;
type StopSignal = (typeof STOP_SIGNALS)[number];

/** What a shell reports for a process that a signal ended: 128 and the signal's number. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Resolves when the process is asked to stop, by Ctrl-C or a process manager. From then on a second signal ends
 * the process at once: nothing acknowledged is lost by that, requests under way are.
 */
export function askedToStop(): Promise<StopSignal> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT_CODES[signal]);
        asked = true;
        resolve(signal);
      });
    }
  });
}
