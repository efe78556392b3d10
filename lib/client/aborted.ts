import { type Effect, LogError } from "../base/errors.ts";

/** What a caller gets whose own signal ended the waiting. */
export function abortedError(what: string, signal: AbortSignal | undefined, effect: Effect = "none"): LogError {
  return new LogError("Aborted", `${what}: the caller gave up`, { effect, cause: signal?.reason });
}
