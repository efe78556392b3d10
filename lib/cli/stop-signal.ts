import type { Clock } from "../base/clock.ts";
import { askedToStop } from "../local/stop-on-signal.ts";

/** Aborts at the first Ctrl-C (or SIGTERM), so that a command can end cleanly; a second, later one ends it at once. */
export function stopSignal(clock: Clock): AbortSignal {
  const controller = new AbortController();
  void askedToStop(clock).then((signal) => controller.abort(signal));
  return controller.signal;
}

/** What a shell reports for a process that this signal ended: 128 and the signal's number. */
export function exitCodeOf(stopped: AbortSignal): number {
  return stopped.reason === "SIGTERM" ? 143 : 130;
}
