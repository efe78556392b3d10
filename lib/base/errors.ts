import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

/**
 * What a failed operation may have done: `none`, nothing happened and a retry is free; `unknown`, it may
 * have happened, now or later.
 */
export type Effect = "none" | "unknown";

export interface LogErrorOptions {
  effect?: Effect;
  /** Facts about the failure as plain values: topic, partition, limit, key, file. Never secrets. */
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
  /** When a retry makes sense, ms from now. */
  retryAfterMs?: number;
}

/**
 * An expected failure. Branch on `code` (stable), never on `message` (for people).
 *
 * @example
 * try { await log.publish("orders", record); }
 * catch (error) { if (error instanceof LogError && error.code === "RecordTooLarge") drop(record); }
 */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: ErrorCode;
  readonly effect: Effect;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: LogErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.effect = options.effect ?? "none";
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The same failure, of an operation that had done more, or less, when it came. */
  withEffect(effect: Effect): LogError {
    if (effect === this.effect) return this;
    const { code, message, details, retryAfterMs } = this;
    const options = { effect, details, cause: this };
    return new LogError(code, message, retryAfterMs === undefined ? options : { ...options, retryAfterMs });
  }

  /** Whether the same request may succeed later. */
  get retriable(): boolean {
    return ERROR_CODES[this.code].retriable;
  }

  /** Kafka's number for this error. */
  get kafkaCode(): number {
    return ERROR_CODES[this.code].kafka;
  }
}

export function isLogError(error: unknown, ...codes: readonly ErrorCode[]): error is LogError {
  return error instanceof LogError && (codes.length === 0 || codes.includes(error.code));
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
