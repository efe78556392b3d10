import { present } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { LogError } from "../../base/errors.ts";

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/** The producer's bounded memory: room is given first come, first served, and waited for when there is none. */
export class BufferMemory {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #waiters: Waiter[] = [];
  #used = 0;

  constructor(clock: Clock, bytesMax: number) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Whether somebody waits, so that what is buffered should not linger. */
  get isShort(): boolean {
    return this.#waiters.length > 0;
  }

  /** Takes room at once, unless there is none or others wait. */
  tryTake(bytes: number): boolean {
    if (this.#waiters.length > 0 || this.#used + bytes > this.#bytesMax) return false;
    this.#used += bytes;
    return true;
  }

  /** Waits for room until `deadlineMs` of the monotonic clock, or until `signal` aborts. */
  take(bytes: number, deadlineMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", onAbort);
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        bytes,
        admit: () => {
          leave();
          resolve();
        },
      };
      const leftMs = Math.max(0, deadlineMs - this.#clock.monotonicMs());
      const timer = this.#clock.startTimer(leftMs, () => {
        leave();
        reject(this.#noRoom());
        this.#admit();
      });
      this.#waiters.push(waiter);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  give(bytes: number): void {
    this.#used -= bytes;
    this.#admit();
  }

  #admit(): void {
    while (this.#waiters.length > 0) {
      const waiter = present(this.#waiters[0], "the first waiter");
      if (this.#used + waiter.bytes > this.#bytesMax) return;
      this.#used += waiter.bytes;
      waiter.admit();
    }
  }

  #noRoom(): LogError {
    const message = `the producer's buffer of ${this.#bytesMax} bytes stayed full for maxBlockMs: records come faster than the server takes them, or it cannot be reached`;
    return new LogError("RequestTimedOut", message, { details: { bufferBytes: this.#bytesMax } });
  }
}
