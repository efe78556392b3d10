import { type Call, remainingMs } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import { isLogError, type LogError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** Tries of one operation in all: with the waits below about ten seconds, the most that a store call is given. */
export const attemptsMax = 10;
/** The mean wait before the second try is half of this; it doubles from try to try. */
export const firstWaitMs = 20;
export const waitMsMax = 4000;

/** Whether a failed operation may be done again without harm. */
export type MayRepeat = (error: LogError) => boolean;

/** For what changes nothing, or the same again: any failure that may pass. A full disk does not pass by itself. */
export const mayRepeatAlways: MayRepeat = (error) => error.retriable && error.code !== "StoreFull";
/** For what must happen once: only failures after which nothing has happened, nor ever will. */
export const mayRepeatWithoutEffect: MayRepeat = (error) => error.effect === "none" && mayRepeatAlways(error);

/**
 * Runs an operation until it succeeds, fails for good, or the call's deadline leaves no time to wait; then
 * fails as the last try did. Waits are drawn between nothing and a doubling bound ("full jitter"), so that
 * those who failed together do not return together; a store that names a wait gets it.
 */
export async function retry<T>(
  { clock, random }: RetryOptions,
  call: Call,
  mayRepeat: MayRepeat,
  operation: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (attempt === attemptsMax || !isLogError(error) || !mayRepeat(error)) throw error;
      const boundMs = Math.min(waitMsMax, firstWaitMs * 2 ** (attempt - 1));
      const waitMs = Math.max(error.retryAfterMs ?? 0, boundMs * random.fraction());
      if (waitMs >= remainingMs(clock, call)) throw error;
      await waitOrThrow(clock, waitMs, call.signal, error);
    }
  }
}

/** A caller who gives up while waiting gets the failure that made us wait. */
async function waitOrThrow(
  clock: Clock,
  waitMs: number,
  signal: AbortSignal | undefined,
  error: LogError,
): Promise<void> {
  try {
    await clock.sleep(waitMs, signal);
  } catch {
    throw error;
  }
}
