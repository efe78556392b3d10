import type { LogError } from "../base/errors.ts";

/** Kafka's acks: 0 no answer is waited for, 1 and -1 ("all") are the same here: stored durably. */
export type Acks = 0 | 1 | -1;
export type Isolation = "read_uncommitted" | "read_committed";

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** One partition's part of an answer: what it asked for, or its own error. */
export type PartitionResult<Answer> =
  | (TopicPartition & { readonly ok: true } & Answer)
  | (TopicPartition & { readonly ok: false; readonly error: LogError });

export interface ProducePart extends TopicPartition {
  /**
   * Exactly one RecordBatch v2, base offset 0. Never to be changed again: a broker keeps it in memory for readers, and
   * may be sending it still when the answer is that the time was over.
   */
  readonly records: Uint8Array;
}

export interface ProduceRequest {
  readonly acks: Acks;
  /** No two parts for one partition. */
  readonly partitions: readonly ProducePart[];
}

export interface Appended {
  /** The offset of the batch's first record; -1 for a duplicate whose offset is no longer known. */
  readonly baseOffset: number;
  /** ms since the epoch when the topic stamps records itself (`LogAppendTime`), else -1. */
  readonly appendTimeMs: number;
  /** -1 where it is not told: for a duplicate. */
  readonly logStart: number;
}

export interface ProduceReply {
  /** In the request's order. */
  readonly partitions: readonly PartitionResult<Appended>[];
}

export interface FetchPart extends TopicPartition {
  readonly offset: number;
  /** At most so many bytes of this partition, except that its first batch always comes whole. */
  readonly maxBytes: number;
  /** The leader epoch that the reader knows; an older one is refused (FencedLeaderEpoch). */
  readonly currentLeaderEpoch?: number | undefined;
  /**
   * The reader downloads segments itself: where it is far behind, the answer may hold a segment's address in place of
   * records. A reader that had trouble with one leaves this out, and is given records.
   */
  readonly readUrl?: boolean | undefined;
}

export interface FetchRequest {
  /** ms to wait for `minBytes`. */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  /** At most so many bytes in all, except that the first batch always comes whole. */
  readonly maxBytes: number;
  readonly isolation: Isolation;
  readonly partitions: readonly FetchPart[];
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * A whole segment: batches of one partition and nothing else, to be read at an address that needs no credentials. It
 * may be gone at any time, by retention or a merge; then the reader fetches again without asking for an address.
 */
export interface SegmentAddress {
  readonly url: string;
  /** How long the address is good for, from the answer on. */
  readonly expiresInMs: number;
  readonly bytes: number;
  /** Offsets from the first up to, and not including, `endOffset`; without gaps where it holds as many `records`. */
  readonly endOffset: number;
  readonly records: number;
  /** Where to begin reading: the batch there holds the offset asked for, or stands before the one that does. */
  readonly position: number;
  /** First offset of that batch. */
  readonly positionOffset: number;
  /** First offset of all. */
  readonly baseOffset: number;
}

export interface Fetched {
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStart: number;
  readonly abortedTransactions: readonly AbortedTransaction[];
  /**
   * Whole batches, one after another, cut into parts anywhere. The first may begin before the offset asked for
   * (which lies within it). Empty at the high watermark.
   */
  readonly records: readonly Uint8Array[];
  /** In place of records, for a part that declared `readUrl`. */
  readonly segment?: SegmentAddress | undefined;
}

export interface FetchReply {
  /** In the request's order. */
  readonly partitions: readonly PartitionResult<Fetched>[];
}

export interface DeleteRecordsPart extends TopicPartition {
  /** Records below it are deleted; -1 for all up to the high watermark. */
  readonly beforeOffset: number;
}

export interface DeleteRecordsRequest {
  readonly partitions: readonly DeleteRecordsPart[];
}

export interface DeletedRecords {
  /** The first readable offset afterwards: Kafka's low watermark. */
  readonly logStart: number;
}

export interface DeleteRecordsReply {
  /** In the request's order. */
  readonly partitions: readonly PartitionResult<DeletedRecords>[];
}

/** Kafka's special timestamps (ListOffsets). */
export const LATEST_TIMESTAMP = -1;
export const EARLIEST_TIMESTAMP = -2;
/** The offset of the record with the largest timestamp. */
export const MAX_TIMESTAMP = -3;

export interface ListOffsetsPart extends TopicPartition {
  /** ms since the epoch, or one of the special ones. */
  readonly timestamp: number;
  readonly currentLeaderEpoch?: number | undefined;
}

export interface ListOffsetsRequest {
  readonly isolation: Isolation;
  readonly partitions: readonly ListOffsetsPart[];
}

export interface ListedOffset {
  /** The first record at or after the timestamp; -1 when there is none. */
  readonly offset: number;
  /** That record's timestamp; -1 for the special ones and when there is none. */
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

export interface ListOffsetsReply {
  readonly partitions: readonly PartitionResult<ListedOffset>[];
}
