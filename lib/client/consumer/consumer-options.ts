import type { Isolation } from "../../api/record-types.ts";
import { LogError } from "../../base/errors.ts";
import { serviceWaitMsMax } from "../../base/limits.ts";
import type { Decoders } from "../codec.ts";

const MIB = 1024 * 1024;

/** Where to begin: the log's start, its end, an offset, or the first record at or after a time. */
export type From =
  | "beginning"
  | "end"
  | { readonly offset: number }
  /** ms since the Unix epoch, or a date. */
  | { readonly timestamp: number | Date };

/** One partition, or, as a bare name or without `partition`, all of a topic, those that it grows by included. */
export type Assignment =
  | string
  | { readonly topic: string; readonly partition?: number | undefined; readonly from?: From | undefined };

export interface ConsumerOptions {
  /** What to read; see also `Consumer.assign`. */
  readonly assign?: Assignment | readonly Assignment[] | undefined;
  /** Where to begin, unless the assignment says so itself. Default `"end"`, as Kafka's consumers do. */
  readonly from?: From | undefined;
  /** Whether records of undecided and aborted transactions are left out. Default `"read_uncommitted"`. */
  readonly isolation?: Isolation | undefined;
  /**
   * What to do when a position has left the log (retention, or a wrong seek). The default is `"error"`: `poll`
   * throws `OffsetOutOfRange` until the consumer seeks, so that nothing is skipped or read twice unnoticed.
   */
  readonly onOutOfRange?: "error" | "beginning" | "end" | undefined;
  /** ms that the server waits for `minBytes`. Default 500, at most 20 s. */
  readonly maxWaitMs?: number | undefined;
  /** Default 1: answers come as soon as there is anything. */
  readonly minBytes?: number | undefined;
  /** The most that one fetch brings. Default 16 MiB. */
  readonly fetchBytes?: number | undefined;
  /** The most that one fetch brings of one partition. Default 4 MiB. */
  readonly partitionBytes?: number | undefined;
  /** Memory for what was fetched ahead, about; a single batch may be larger. Default 32 MiB. */
  readonly bufferBytes?: number | undefined;
  /**
   * Whether to read segments straight from the object store, where the server gives their addresses to readers that
   * are far behind. Default true; where the store cannot be reached, records come by the server all the same.
   */
  readonly downloads?: boolean | undefined;
  /** ms of one request, besides `maxWaitMs`. Default 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** ms after which assigned topics are looked at again for new partitions. Default 1 min. */
  readonly metadataAgeMsMax?: number | undefined;
  /** Codecs by topic, for `ConsumerRecord.decode`. */
  readonly topics?: Readonly<Record<string, Decoders>> | undefined;
}

export type ConsumerSettings = {
  readonly [Name in Exclude<keyof ConsumerOptions, "assign">]-?: NonNullable<ConsumerOptions[Name]>;
};

export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  const settings: ConsumerSettings = {
    from: options.from ?? "end",
    isolation: options.isolation ?? "read_uncommitted",
    onOutOfRange: options.onOutOfRange ?? "error",
    maxWaitMs: options.maxWaitMs ?? 500,
    minBytes: options.minBytes ?? 1,
    fetchBytes: options.fetchBytes ?? 16 * MIB,
    partitionBytes: options.partitionBytes ?? 4 * MIB,
    bufferBytes: options.bufferBytes ?? 32 * MIB,
    downloads: options.downloads ?? true,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    metadataAgeMsMax: options.metadataAgeMsMax ?? 60_000,
    topics: options.topics ?? {},
  };
  const least = { maxWaitMs: 0, minBytes: 0, fetchBytes: 1, partitionBytes: 1, bufferBytes: 1, requestTimeoutMs: 1 };
  for (const [name, lowest] of Object.entries(least)) {
    const value = settings[name as keyof typeof least];
    if (!Number.isFinite(value) || value < lowest) throw wrong(name, `expected ${lowest} or more, got ${value}`);
  }
  if (settings.maxWaitMs > serviceWaitMsMax) throw wrong("maxWaitMs", `expected ${serviceWaitMsMax} or less`);
  if (settings.isolation !== "read_uncommitted" && settings.isolation !== "read_committed") {
    throw wrong("isolation", `expected "read_uncommitted" or "read_committed", got ${String(settings.isolation)}`);
  }
  checkFrom(settings.from);
  return settings;
}

/** `InvalidArgument` for what is no position. */
export function checkFrom(from: From): void {
  if (from === "beginning" || from === "end") return;
  if (typeof from === "object" && from !== null) {
    if ("offset" in from && Number.isSafeInteger(from.offset) && from.offset >= 0) return;
    if ("timestamp" in from && Number.isSafeInteger(Number(from.timestamp)) && Number(from.timestamp) >= 0) return;
  }
  throw wrong("from", 'expected "beginning", "end", { offset } from 0, or { timestamp } in ms or as a Date');
}

/** `InvalidArgument` for what a poll would wait for without end. */
export function checkPoll({ maxRecords, timeoutMs }: { maxRecords: number; timeoutMs: number }): void {
  if (!(maxRecords >= 1)) throw wrong("maxRecords", `expected 1 or more, got ${maxRecords}`);
  if (!(timeoutMs >= 0)) throw wrong("timeoutMs", `expected 0 ms or more, got ${timeoutMs}`);
}

export function checkPlace({ topic, partition }: { topic: string; partition?: number | undefined }): void {
  if (typeof topic !== "string" || topic === "") throw wrong("topic", "expected a name");
  if (partition === undefined || (Number.isInteger(partition) && partition >= 0)) return;
  throw wrong("partition", `expected a whole number from 0, got ${partition}`);
}

function wrong(option: string, what: string): LogError {
  return new LogError("InvalidArgument", `${option}: ${what}`, { details: { field: option } });
}
