import { type Call, remainingMs, settleWithin } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import { LogError } from "../../base/errors.ts";

/**
 * Runs an operation for as long as its call lets it: `RequestTimedOut` with effect `none` when there was no
 * time left to begin, with effect `unknown` when it was begun and has not answered.
 */
export function withinDeadline<T>(clock: Clock, call: Call, what: string, operation: () => Promise<T>): Promise<T> {
  if (call.signal?.aborted || remainingMs(clock, call) === 0) {
    const reason: unknown = call.signal?.reason;
    return Promise.reject(new LogError("RequestTimedOut", `${what}: no time left to begin`, { cause: reason }));
  }
  if (call.deadlineMs === Number.POSITIVE_INFINITY && call.signal === undefined) return operation();
  return settleWithin(clock, call, what, operation());
}
