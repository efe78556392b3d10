import { utf8 } from "../base/bytes.ts";
import type { PublishRecord } from "../client/index.ts";
import type { Pair } from "./parse-arguments.ts";

export interface LineRecordOptions {
  /** Stands between key and value; without it lines are values. */
  readonly keySeparator?: string | undefined;
  readonly partition?: number | undefined;
  readonly headers?: readonly Pair[] | undefined;
}

/** Turns a line into a record; undefined when its separator is missing. */
export type LineToRecord = (line: Uint8Array) => PublishRecord<Uint8Array, Uint8Array> | undefined;

export function lineToRecord({ keySeparator, partition, headers }: LineRecordOptions): LineToRecord {
  const shared = {
    ...(partition === undefined ? {} : { partition }),
    ...(headers === undefined ? {} : { headers }),
  };
  if (keySeparator === undefined) return (value) => ({ ...shared, value });
  const separator = utf8(keySeparator);
  return (line) => {
    const at = Buffer.from(line.buffer, line.byteOffset, line.byteLength).indexOf(separator);
    if (at < 0) return undefined;
    return { ...shared, key: line.subarray(0, at), value: line.subarray(at + separator.byteLength) };
  };
}
