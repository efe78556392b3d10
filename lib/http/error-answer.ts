import { errorToJson } from "../api/http/error-body.ts";
import { JSON_TYPE } from "../api/http/media-types.ts";
import { httpStatusOf } from "../api/http/status-table.ts";
import { isLogError, LogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/** What was thrown as a `LogError`. Anything else is our own fault: logged in full, told without its inside. */
export function logErrorOf(thrown: unknown, logger: Logger, requestId: string): LogError {
  if (isLogError(thrown)) return thrown;
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  logger.error("a request failed for a reason of our own", { requestId, error: String(thrown), stack });
  const message = "the server failed; its log has more under this request id";
  return new LogError("UnknownServerError", message, { effect: "unknown", details: { requestId } });
}

/** Whoever closed the request reads no answer: its end is not the server's slowness, and the log must not say so. */
export function afterAbort(error: LogError): LogError {
  if (error.code !== "RequestTimedOut") return error;
  return new LogError("Aborted", "the caller closed the request", { effect: error.effect, cause: error });
}

/** `extra` stands beside the error, where an answer tells more than one outcome. */
export function errorAnswer(error: LogError, extra: object = {}): Response {
  const status = httpStatusOf(error.code);
  const headers: Record<string, string> = { "content-type": JSON_TYPE, "cache-control": "no-store" };
  const retryAfterMs = error.retryAfterMs ?? (status === 429 || status === 503 ? 1000 : undefined);
  if (retryAfterMs !== undefined) headers["retry-after"] = String(Math.ceil(retryAfterMs / 1000));
  if (status === 401) headers["www-authenticate"] = "Bearer";
  return new Response(JSON.stringify({ error: errorToJson(error), ...extra }), { status, headers });
}
