import type { LogError } from "../base/errors.ts";

/** What a record's key and value are in the log: text is stored as UTF-8; a null value is a tombstone. */
export type RecordContent = string | Uint8Array | null;

/** Headers as pairs, where names may repeat, or as an object. */
export type HeadersInput =
  | Readonly<Record<string, RecordContent>>
  | readonly { readonly key: string; readonly value: RecordContent }[];

/**
 * A record to publish. Its bytes are copied before `publish` gives control back, so the caller may reuse them.
 * Values and keys of other types than `RecordContent` need a codec (see `Codec`).
 */
export interface PublishRecord<Value = unknown, Key = unknown> {
  readonly value: Value;
  /** Records of one key go to one partition, the one that Kafka's clients choose. */
  readonly key?: Key | undefined;
  readonly headers?: HeadersInput | undefined;
  /** ms since the Unix epoch, or a date; now when absent. */
  readonly timestamp?: number | Date | undefined;
  /** Instead of the one that the key stands for, or any. */
  readonly partition?: number | undefined;
}

/** Where a record stands. */
export interface PublishedRecord {
  readonly topic: string;
  readonly partition: number;
  /** -1 with `acks: 0`, and for a repeat whose first copy the server no longer has the offset of. */
  readonly offset: number;
  /** ms since the Unix epoch. */
  readonly timestamp: number;
}

/** What became of one record of a list; `details.outcomes` of the error when a list was published in part. */
export type PublishOutcome = PublishedRecord | LogError;
