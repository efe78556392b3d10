import type { Clock } from "../base/clock.ts";
import { isLogError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { abortedError } from "./aborted.ts";

const DOUBLINGS_MAX = 10;

export interface BackoffOptions {
  readonly random: Random;
  /** Of the first pause; each further one is twice as long. */
  readonly firstMs: number;
  readonly msMax: number;
}

/** How long to pause before the attempt after `attempts` failed ones. */
export type Backoff = (attempts: number, error: unknown) => number;

/**
 * Doubling pauses, each shortened at random by up to half so that clients spread out; never shorter than what
 * the server asked for.
 */
export function jitteredBackoff({ random, firstMs, msMax }: BackoffOptions): Backoff {
  return (attempts, error) => {
    const fullMs = Math.min(msMax, firstMs * 2 ** Math.min(Math.max(0, attempts - 1), DOUBLINGS_MAX));
    const jitteredMs = fullMs * (0.5 + random.fraction() / 2);
    const askedMs = isLogError(error) ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(jitteredMs, askedMs);
  };
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** From now, pauses included; the last error is thrown when it is over. */
  readonly timeoutMs: number;
  /** Errors that count as an answer though they are retriable. */
  readonly stopAt?: (error: unknown) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Repeats an operation that changes nothing, or may safely happen twice. */
export async function retryWhileRetriable<T>(options: RetryOptions, operation: () => Promise<T>): Promise<T> {
  const deadlineMs = options.clock.monotonicMs() + options.timeoutMs;
  for (let attempts = 1; ; attempts++) {
    try {
      return await operation();
    } catch (error) {
      const pauseMs = options.backoff(attempts, error);
      const final = !isLogError(error) || !error.retriable || options.stopAt?.(error) === true;
      if (final || options.clock.monotonicMs() + pauseMs >= deadlineMs) throw error;
      await options.clock.sleep(pauseMs, options.signal).catch(() => {
        throw abortedError("retry", options.signal);
      });
    }
  }
}
