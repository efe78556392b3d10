import { LogError } from "../base/errors.ts";

/** What a store answers to arguments that break the port's rules: nothing happened, and a retry is no use. */
export function invalidRequest(message: string, details?: Readonly<Record<string, unknown>>): LogError {
  return new LogError("InvalidRequest", message, details === undefined ? {} : { details });
}
