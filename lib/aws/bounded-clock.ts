import type { Clock } from "../base/clock.ts";
import { clockAheadMsMax, clockAnswersKept } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";

/** A clock that does not run far ahead of the stores. */
export interface BoundedClock {
  readonly clock: Clock;
  /** Takes note of the time that a store's answer tells, ms. */
  heard(storeMs: number): void;
}

/**
 * This machine's clock, or the stores' time when it is far ahead of that. A fast clock would let records go before
 * their retention is over, and put stamps on what is written that no collector comes to for as long as it was ahead.
 * A slow one costs nothing, and is left alone.
 */
export function boundedClock(own: Clock, logger: Logger): BoundedClock {
  const aheadMs: number[] = [];
  let corrected = false;
  let correctionMs = 0;
  return {
    clock: {
      nowMs: () => own.nowMs() - correctionMs,
      monotonicMs: () => own.monotonicMs(),
      startTimer: (delayMs, action) => own.startTimer(delayMs, action),
      sleep: (delayMs, signal) => own.sleep(delayMs, signal),
    },
    heard(storeMs) {
      aheadMs.push(own.nowMs() - storeMs);
      if (aheadMs.length > clockAnswersKept) aheadMs.shift();
      const least = Math.min(...aheadMs);
      correctionMs = least > clockAheadMsMax ? least : 0;
      if (correctionMs > 0 !== corrected) {
        corrected = correctionMs > 0;
        if (corrected) logger.error("this machine's clock is ahead: the stores' time is taken", { aheadMs: least });
        else logger.info("this machine's clock agrees with the stores again");
      }
    },
  };
}
