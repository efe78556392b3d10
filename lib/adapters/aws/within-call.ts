import { type Call, remainingMs } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import { LogError } from "../../base/errors.ts";
import { logErrorOf, timedOutError } from "./aws-error.ts";
import type { AwsOperation } from "./aws-operation.ts";

/**
 * Runs requests for as long as the call allows, the reading of their bodies included: the signal that they are
 * given aborts at the deadline. What does not heed it (a source of credentials that hangs) is left behind.
 */
export async function withinCall<T>(
  clock: Clock,
  call: Call,
  operation: AwsOperation,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const leftMs = remainingMs(clock, call);
  if (call.signal?.aborted || leftMs === 0) {
    const reason: unknown = call.signal?.reason;
    throw new LogError("RequestTimedOut", `${operation.what}: no time left to begin`, { cause: reason });
  }
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(call.signal?.reason);
  call.signal?.addEventListener("abort", onAbort, { once: true });
  const timer = Number.isFinite(leftMs) ? clock.startTimer(leftMs, () => controller.abort()) : undefined;
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void => reject(timedOutError(operation, controller.signal.reason));
    controller.signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([run(controller.signal), stopped]);
  } catch (error) {
    throw controller.signal.aborted ? timedOutError(operation, error) : logErrorOf(error, operation);
  } finally {
    timer?.cancel();
    call.signal?.removeEventListener("abort", onAbort);
  }
}
