import { LogError } from "../../base/errors.ts";
import type { PendingBatch } from "./pending-batch.ts";
import type { Verdict } from "./queue-types.ts";

type Failure = Extract<Verdict<PendingBatch>, { kind: "failed" }>;

/** What `publish` tells of a batch that was given up. */
export function deliveryError({ batch, effect, error, expired }: Failure): LogError {
  const { topic, partition, recordCount } = batch;
  const where = `${topic}-${partition}`;
  const details = { ...error?.details, topic, partition, recordCount };
  const reason = error === undefined ? "" : ` (last: ${error.code}: ${error.message})`;
  if (effect === "unknown") {
    const message = `${where}: it is not known whether ${records(recordCount)} became part of the log${reason}; look for them before publishing them again`;
    return new LogError("OutcomeUnknown", message, { effect, details, cause: error });
  }
  if (expired || error === undefined) {
    const message = `${where}: ${records(recordCount)} could not be published within deliveryTimeoutMs; nothing was stored${reason}`;
    return new LogError("RequestTimedOut", message, { effect, details, cause: error });
  }
  const retryAfter = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  return new LogError(error.code, `${where}: ${error.message}`, { effect, details, cause: error, ...retryAfter });
}

function records(count: number): string {
  return count === 1 ? "a record" : `${count} records`;
}
