import type { Clock } from "./clock.ts";
import { LogError } from "./errors.ts";

/** What every operation of a port is given: when its answer stops being of use, and how to stop it. */
export interface Call {
  /** On `Clock.monotonicMs`. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A call that has `timeoutMs` from now, and not more than `parent` has left. */
export function callWithin(clock: Clock, timeoutMs: number, parent?: Call): Call {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  if (parent === undefined) return { deadlineMs };
  return { deadlineMs: Math.min(deadlineMs, parent.deadlineMs), signal: parent.signal };
}

export function remainingMs(clock: Clock, call: Call): number {
  return Math.max(0, call.deadlineMs - clock.monotonicMs());
}

/**
 * The operation's outcome, or `RequestTimedOut` with effect `unknown` once the deadline passes or the signal
 * aborts. The operation itself goes on: whoever relies on it having stopped needs a condition in the store.
 */
export function settleWithin<T>(clock: Clock, call: Call, what: string, operation: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (message: string, cause?: unknown): void => {
      cleanUp();
      reject(new LogError("RequestTimedOut", message, { effect: "unknown", cause }));
    };
    const onAbort = (): void => stop(`${what}: the caller gave up`, call.signal?.reason);
    const timer = clock.startTimer(remainingMs(clock, call), () => stop(`${what}: no answer before its deadline`));
    const cleanUp = (): void => {
      timer.cancel();
      call.signal?.removeEventListener("abort", onAbort);
    };
    if (call.signal?.aborted) onAbort();
    else call.signal?.addEventListener("abort", onAbort, { once: true });
    operation.then(
      (value) => {
        cleanUp();
        resolve(value);
      },
      (error: unknown) => {
        cleanUp();
        reject(error);
      },
    );
  });
}
