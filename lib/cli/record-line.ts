import { base64Of, strictTextOf } from "../base/bytes.ts";
import type { ConsumerRecord } from "../client/index.ts";

const LF = 10;
const TAB = 9;

/** Text where the bytes are UTF-8, and otherwise their base64; null stays null. */
export type BytesAsJson = string | { readonly base64: string } | null;

export function bytesAsJson(bytes: Uint8Array | null): BytesAsJson {
  if (bytes === null) return null;
  return strictTextOf(bytes) ?? { base64: base64Of(bytes) };
}

type Printable = Pick<ConsumerRecord, "topic" | "partition" | "offset" | "timestamp" | "key" | "value" | "headers">;

/** One JSON object with everything that a record has; the timestamp in ms since the Unix epoch. */
export function recordAsJson(record: Printable): string {
  return JSON.stringify({
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: bytesAsJson(record.key),
    value: bytesAsJson(record.value),
    headers: record.headers.map(({ key, value }) => ({ key, value: bytesAsJson(value) })),
  });
}

/** The records a line each: the values' bytes unchanged, after the key and a TAB where asked. Null is nothing. */
export function recordsAsLines(records: readonly Printable[], options: { printKey: boolean }): Uint8Array {
  let bytes = 0;
  for (const { key, value } of records) {
    bytes += (value?.byteLength ?? 0) + 1;
    if (options.printKey) bytes += (key?.byteLength ?? 0) + 1;
  }
  const lines = Buffer.allocUnsafe(bytes);
  let at = 0;
  const append = (part: Uint8Array | null, end: number): void => {
    if (part !== null) lines.set(part, at);
    at += part?.byteLength ?? 0;
    lines[at++] = end;
  };
  for (const { key, value } of records) {
    if (options.printKey) append(key, TAB);
    append(value, LF);
  }
  return lines;
}
