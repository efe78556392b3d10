export const JSON_TYPE = "application/json";
/** Kafka batches, unchanged, behind a JSON header: see `frame.ts`. */
export const BATCHES_TYPE = "application/vnd.tidelog.batches";

/** ms that the caller still waits for the answer; the server caps it at `serviceWaitMsMax`. */
export const TIMEOUT_HEADER = "tidelog-timeout-ms";
/** Kafka's client id: a name for logs and quotas. */
export const CLIENT_ID_HEADER = "tidelog-client-id";
/** Taken over when it is well formed, made up otherwise; always in the answer. */
export const REQUEST_ID_HEADER = "x-request-id";

/** Whether a Content-Type or one entry of Accept names `type`, parameters aside. */
export function isMediaType(header: string | null | undefined, type: string): boolean {
  if (header === null || header === undefined) return false;
  const end = header.indexOf(";");
  return (end === -1 ? header : header.slice(0, end)).trim().toLowerCase() === type;
}

/** Whether an Accept header names `type` itself: a wildcard is answered in JSON, which people can read. */
export function acceptsMediaType(header: string | null | undefined, type: string): boolean {
  if (header === null || header === undefined) return false;
  return header.split(",").some((entry) => isMediaType(entry, type));
}
