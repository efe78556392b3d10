import type { RecordDataInput, RecordInput } from "../api/http/record-schemas.ts";
import { present } from "../base/assert.ts";
import { bytesOfBase64, utf8 } from "../base/bytes.ts";
import { LogError } from "../base/errors.ts";
import { partitionForKey } from "../records/partitioner.ts";
import type { RecordData } from "../records/record-data.ts";

/** A record as the JSON API takes it, in the form that batches are made of. */
export function recordOf(input: RecordInput, nowMs: number): RecordData {
  return {
    key: bytesOf(input.key ?? null),
    value: bytesOf(input.value),
    headers: (input.headers ?? []).map(({ name, value }) => ({ key: name, value: base64Bytes(value) })),
    timestampMs: timestampOf(input.timestamp, nowMs),
  };
}

/** Where a record goes: where it says, where its key belongs, else where this request's others without a key go. */
export function partitionOf(
  record: Pick<RecordData, "key">,
  named: number | undefined,
  topic: { readonly partitionCount: number; readonly sticky: number },
): number {
  if (named !== undefined) return named;
  return record.key === null ? topic.sticky : partitionForKey(record.key, topic.partitionCount);
}

/** Null data of any type is no bytes: a null key, or a tombstone. */
function bytesOf(data: RecordDataInput): Uint8Array | null {
  if (data === null) return null;
  if (typeof data === "string") return utf8(data);
  if (data.data === null) return null;
  switch (data.type) {
    case "STRING":
      return utf8(data.data);
    case "JSON":
      return utf8(JSON.stringify(data.data));
    case "BINARY":
      return base64Bytes(data.data);
  }
}

function base64Bytes(text: string | null): Uint8Array | null {
  return text === null ? null : present(bytesOfBase64(text), "base64, as the schema checked");
}

function timestampOf(given: string | number | undefined, nowMs: number): number {
  if (given === undefined) return nowMs;
  const timestampMs = typeof given === "number" ? given : Date.parse(given);
  if (Number.isSafeInteger(timestampMs) && timestampMs >= 0) return timestampMs;
  const details = { field: "timestamp", expected: "a time from 1970 on", actual: given };
  throw new LogError("InvalidRequest", `timestamp: expected a time from 1970 on, got ${given}`, { details });
}
