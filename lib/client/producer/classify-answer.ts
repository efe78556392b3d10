import type { Appended, PartitionResult } from "../../api/record-types.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import type { Outcome } from "./queue-types.ts";

export interface ClassifyOptions {
  readonly idempotent: boolean;
  /** When another attempt would be made. */
  readonly retryAtMs: number;
}

/** What an answer to one batch, or the failure of its whole request, means for the batch. */
export function classifyAnswer<Batch>(
  answer: PartitionResult<Appended> | { readonly ok: false; readonly error: unknown },
  options: ClassifyOptions,
): Outcome<Batch> {
  if (answer.ok) {
    return { kind: "appended", baseOffset: answer.baseOffset, appendTimeMs: answer.appendTimeMs };
  }
  return classifyError(produceError(answer.error), options);
}

/** The error of a failed request as one of ours; what is not is a bug somewhere, after which nothing is known. */
export function produceError(error: unknown): LogError {
  if (isLogError(error)) return error;
  return new LogError("UnknownServerError", `produce: ${messageOf(error)}`, { effect: "unknown", cause: error });
}

function classifyError<Batch>(error: LogError, { idempotent, retryAtMs }: ClassifyOptions): Outcome<Batch> {
  if (idempotent) {
    switch (error.code) {
      case "DuplicateSequence":
        return { kind: "appended", baseOffset: -1, appendTimeMs: -1 };
      case "OutOfOrderSequence":
      case "UnknownProducerId":
        return { kind: "outOfStep", error, retryAtMs, needsFreshId: false };
      case "InvalidProducerEpoch":
        return { kind: "outOfStep", error, retryAtMs, needsFreshId: true };
      default:
    }
  }
  // A server that failed in an unexpected way does not know what it had done by then.
  const uncertain = error.effect === "unknown" || error.code === "UnknownServerError";
  if (uncertain) return error.retriable ? { kind: "lost", error, retryAtMs } : { kind: "unresolved", error };
  return error.retriable ? { kind: "busy", error, retryAtMs } : { kind: "refused", error };
}
