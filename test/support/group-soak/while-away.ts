import { isLogError } from "../../../lib/base/errors.ts";

/** For a look that is repeated anyway: brokers that do not answer now, because they were killed, show nothing. */
export const whileAway =
  <Value>(nothing: Value) =>
  (error: unknown): Value => {
    if (isLogError(error) && error.retriable) return nothing;
    throw error;
  };
