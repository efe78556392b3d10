import type { Acks } from "../../api/record-types.ts";
import { COMPRESSION_CODES, type Compression } from "../../base/compression.ts";
import { LogError } from "../../base/errors.ts";
import { producerBatchesKept } from "../../base/limits.ts";
import type { Encoders } from "../codec.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;

export interface ProducerOptions {
  /**
   * When a record counts as published: `"all"` and 1, stored durably; 0, as soon as it is sent, without an
   * offset and without any notice of failure. 0 and 1 turn idempotence off. Default `"all"`.
   */
  readonly acks?: 0 | 1 | -1 | "all" | undefined;
  /**
   * Each record is stored once, whatever is retried, and several batches are on their way at a time. Without it
   * a retry may store a record twice, and one batch per partition is on its way. Default true with `acks: "all"`.
   */
  readonly idempotent?: boolean | undefined;
  /** Default `"none"`. */
  readonly compression?: Compression | undefined;
  /**
   * ms that a batch waits for more records. With 0, the default, a batch goes at once while no other of its
   * partition is undecided, and otherwise gathers records until that one is decided or it is full.
   */
  readonly lingerMs?: number | undefined;
  /** A batch's target size before compression. A larger record has a batch of its own. Default 256 KiB. */
  readonly batchBytes?: number | undefined;
  /** A request's target size; it holds one batch per partition. Default 4 MiB. */
  readonly requestBytes?: number | undefined;
  /** Memory for records that are not yet decided; `publish` waits for room in it. Default 32 MiB. */
  readonly bufferBytes?: number | undefined;
  /** ms that `publish` may wait for room and for knowledge of the topic. Default 60 s. */
  readonly maxBlockMs?: number | undefined;
  /** ms after which a batch that is not acknowledged is given up, retries included. Default 2 min. */
  readonly deliveryTimeoutMs?: number | undefined;
  /** ms of one request. Default 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Requests on their way, and batches per partition while the oldest is undecided: 1 to 5. Default 5. */
  readonly maxInFlight?: number | undefined;
  /** ms before the first retry; doubles up to the maximum. Default 100 ms and 1 s. */
  readonly retryBackoffMs?: number | undefined;
  readonly retryBackoffMsMax?: number | undefined;
  /** Lets the server create a topic that is missing, where its settings allow that. Default true. */
  readonly autoCreateTopics?: boolean | undefined;
  /** Codecs by topic; those of a call come first. */
  readonly topics?: Readonly<Record<string, Encoders>> | undefined;
}

export interface ProducerSettings {
  readonly acks: Acks;
  readonly idempotent: boolean;
  readonly compression: Compression;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly requestBytes: number;
  readonly bufferBytes: number;
  readonly maxBlockMs: number;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxInFlight: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMsMax: number;
  readonly autoCreateTopics: boolean;
  readonly topics: Readonly<Record<string, Encoders>>;
}

/** The options with every default filled in; what is wrong is an `InvalidArgument` that names the option. */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  const acks = acksOf(options.acks);
  if (options.idempotent === true && acks !== -1) {
    throw wrong("idempotent", `true needs acks "all", got acks ${options.acks}`);
  }
  const compression = options.compression ?? "none";
  if (!Object.hasOwn(COMPRESSION_CODES, compression)) {
    throw wrong("compression", `expected one of ${Object.keys(COMPRESSION_CODES).join(", ")}, got ${compression}`);
  }
  const settings: ProducerSettings = {
    acks,
    idempotent: options.idempotent ?? acks === -1,
    compression,
    lingerMs: options.lingerMs ?? 0,
    batchBytes: options.batchBytes ?? 256 * KIB,
    requestBytes: options.requestBytes ?? 4 * MIB,
    bufferBytes: options.bufferBytes ?? 32 * MIB,
    maxBlockMs: options.maxBlockMs ?? 60 * SECOND_MS,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120 * SECOND_MS,
    requestTimeoutMs: options.requestTimeoutMs ?? 30 * SECOND_MS,
    maxInFlight: options.maxInFlight ?? producerBatchesKept,
    retryBackoffMs: options.retryBackoffMs ?? 100,
    retryBackoffMsMax: options.retryBackoffMsMax ?? SECOND_MS,
    autoCreateTopics: options.autoCreateTopics ?? true,
    topics: options.topics ?? {},
  };
  checkRanges(settings);
  return settings;
}

function acksOf(acks: ProducerOptions["acks"]): Acks {
  if (acks === undefined || acks === "all") return -1;
  if (acks === 0 || acks === 1 || acks === -1) return acks;
  throw wrong("acks", `expected 0, 1 or "all", got ${String(acks)}`);
}

function checkRanges(settings: ProducerSettings): void {
  const least = {
    lingerMs: 0,
    batchBytes: 1,
    requestBytes: 1,
    bufferBytes: 1,
    maxBlockMs: 0,
    deliveryTimeoutMs: 1,
    requestTimeoutMs: 1,
    maxInFlight: 1,
    retryBackoffMs: 0,
    retryBackoffMsMax: 0,
  } as const;
  for (const [name, lowest] of Object.entries(least)) {
    const value = settings[name as keyof typeof least];
    if (!Number.isFinite(value) || value < lowest) throw wrong(name, `expected ${lowest} or more, got ${value}`);
  }
  if (settings.maxInFlight > producerBatchesKept || !Number.isInteger(settings.maxInFlight)) {
    throw wrong("maxInFlight", `expected a whole number up to ${producerBatchesKept}, got ${settings.maxInFlight}`);
  }
}

function wrong(option: string, what: string): LogError {
  return new LogError("InvalidArgument", `${option}: ${what}`, { details: { field: option } });
}
