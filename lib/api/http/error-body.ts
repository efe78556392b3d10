import { isErrorCode } from "../../base/error-codes.ts";
import { type Effect, LogError, type LogErrorOptions } from "../../base/errors.ts";

/** A `LogError` as JSON. `kafkaCode` and `retriable` follow from `code`; they are there for people and other clients. */
export interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly kafkaCode: number;
  readonly retriable: boolean;
  readonly effect: Effect;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs?: number;
}

/** What every refused request is answered with. */
export interface ErrorBody {
  readonly error: ErrorJson;
}

export function errorToJson(error: LogError): ErrorJson {
  return {
    code: error.code,
    message: error.message,
    kafkaCode: error.kafkaCode,
    retriable: error.retriable,
    effect: error.effect,
    details: plainDetails(error.details),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}

/**
 * The error that a server told; undefined when the value is none. A code that this version does not know becomes
 * an `UnknownServerError` that keeps it in its details, so that an older client can talk to a newer server.
 */
export function errorFromJson(json: unknown): LogError | undefined {
  if (!isRecord(json) || typeof json.code !== "string" || typeof json.message !== "string") return undefined;
  const { code, message, effect, details, retryAfterMs } = json;
  const options: LogErrorOptions = { effect: effect === "none" ? "none" : "unknown" };
  if (isRecord(details)) options.details = details;
  if (typeof retryAfterMs === "number") options.retryAfterMs = retryAfterMs;
  if (isErrorCode(code)) return new LogError(code, message, options);
  return new LogError("UnknownServerError", message, { ...options, details: { ...options.details, code } });
}

/** The error in the body of a refused request; undefined when the body is not of that shape. */
export function errorFromBody(body: unknown): LogError | undefined {
  return isRecord(body) ? errorFromJson(body.error) : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Details are plain by agreement; what JSON cannot hold is dropped, for no error may fail to be told.
function plainDetails(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    const text = JSON.stringify(details, (_key, value) => (typeof value === "bigint" ? String(value) : value));
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
