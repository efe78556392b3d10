import { isLogError, type LogError } from "../../../lib/base/errors.ts";
import type { History } from "../history.ts";

/** The error as a client may branch on it; anything but a `LogError` is reported. */
export function expectLogError(history: History, doing: string, error: unknown): LogError | undefined {
  if (isLogError(error)) {
    if (error.code === "UnknownServerError") history.report("Invariant", `${doing}: ${textOf(error.cause)}`);
    return error;
  }
  history.report("Invariant", `${doing}: ${textOf(error)}`);
  return undefined;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
