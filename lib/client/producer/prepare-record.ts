import { LogError } from "../../base/errors.ts";
import type { RecordData, RecordHeader } from "../../records/record-data.ts";
import { type Encoder, type Encoders, encodeWith } from "../codec.ts";
import type { HeadersInput, PublishRecord, RecordContent } from "../record-input.ts";
import type { CopyRoom } from "./copy-room.ts";

export interface PreparedRecord {
  readonly data: RecordData;
  /** Undefined: the partitioner chooses. */
  readonly partition: number | undefined;
}

export interface PrepareOptions {
  readonly topic: string;
  readonly encoders: Encoders;
  /** The timestamp of records without one. */
  readonly nowMs: number;
  /** Where the copies go. */
  readonly room: CopyRoom;
}

const NO_HEADERS: readonly RecordHeader[] = [];

/**
 * Checks a record and takes copies of its bytes: from here on the caller may do with them what it likes, and
 * nothing that is on its way can change. What is wrong is an `InvalidArgument` that names the field.
 */
export function prepareRecord(
  record: PublishRecord,
  options: PrepareOptions,
): PreparedRecord | Promise<PreparedRecord> {
  if (typeof record !== "object" || record === null) throw wrong("record", "an object with a value", record);
  if (record.value === undefined) throw wrong("value", "a string, a Uint8Array, or null for a tombstone", undefined);
  const value = contentOf("value", record.value, options.encoders.value, options.topic);
  const key = contentOf("key", record.key ?? null, options.encoders.key, options.topic);
  if (value instanceof Promise || key instanceof Promise) {
    return Promise.all([value, key]).then(([value, key]) => assemble(record, value, key, options));
  }
  return assemble(record, value, key, options);
}

function assemble(
  record: PublishRecord,
  value: RecordContent,
  key: RecordContent,
  options: PrepareOptions,
): PreparedRecord {
  return {
    data: {
      key: ownBytes("key", key, options.room),
      value: ownBytes("value", value, options.room),
      headers: record.headers === undefined ? NO_HEADERS : headersOf(record.headers, options.room),
      timestampMs: timestampOf(record.timestamp, options.nowMs),
    },
    partition: partitionOf(record.partition),
  };
}

// Null is a tombstone whatever the codec, so codecs never see it.
function contentOf(
  field: string,
  content: unknown,
  encoder: Encoder<unknown> | undefined,
  topic: string,
): RecordContent | Promise<RecordContent> {
  if (content === null) return null;
  if (encoder !== undefined) return encodeWith(encoder, content, topic);
  if (typeof content === "string" || content instanceof Uint8Array) return content;
  throw wrong(field, "a string, a Uint8Array or null (or give a codec)", content);
}

function ownBytes(field: string, content: RecordContent, room: CopyRoom): Uint8Array | null {
  if (content === null) return null;
  if (typeof content === "string" || content instanceof Uint8Array) return room.copyOf(content);
  throw wrong(field, "a codec that gives a string, a Uint8Array or null", content);
}

function headersOf(input: HeadersInput, room: CopyRoom): readonly RecordHeader[] {
  const pairs = Array.isArray(input)
    ? (input as readonly { key: string; value: RecordContent }[])
    : Object.entries(input as Readonly<Record<string, RecordContent>>).map(([key, value]) => ({ key, value }));
  return pairs.map(({ key, value }) => {
    if (typeof key !== "string") throw wrong("headers", "names that are strings", key);
    if (value !== null && typeof value !== "string" && !(value instanceof Uint8Array)) {
      throw wrong(`headers.${key}`, "a string, a Uint8Array or null", value);
    }
    return { key, value: ownBytes(`headers.${key}`, value, room) };
  });
}

function timestampOf(timestamp: number | Date | undefined, nowMs: number): number {
  if (timestamp === undefined) return nowMs;
  const timestampMs = typeof timestamp === "number" ? timestamp : timestamp.getTime();
  if (Number.isSafeInteger(timestampMs) && timestampMs >= 0) return timestampMs;
  throw wrong("timestamp", "whole milliseconds since the Unix epoch, or a valid Date", timestamp);
}

function partitionOf(partition: number | undefined): number | undefined {
  if (partition === undefined || (Number.isInteger(partition) && partition >= 0)) return partition;
  throw wrong("partition", "a whole number from 0", partition);
}

function wrong(field: string, expected: string, actual: unknown): LogError {
  const shown = typeof actual === "number" ? String(actual) : actual === null ? "null" : typeof actual;
  return new LogError("InvalidArgument", `${field}: expected ${expected}, got ${shown}`, {
    details: { field, expected, actual: shown },
  });
}
