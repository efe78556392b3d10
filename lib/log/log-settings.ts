import {
  backlogReadBytes,
  blockCacheBytesMax,
  collectionAgeMs,
  compactionKeysBytesMax,
  embeddedCacheBytesMax,
  headProducersHardMax,
  headProducersSoftMax,
  pendingProduceBytesMax,
  rollInputsMax,
  stagedObjectBytesMax,
  tailBytesHardMax,
  tailBytesSoftMax,
  tailEntriesHardMax,
  tailEntriesSoftMax,
} from "../base/limits.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** How the engine trades requests, bytes and latency on a given pair of stores. Never what it promises. */
export interface LogSettings {
  /** Where a commit's bytes go, by their number: the head, a staged item, or a staged object. */
  readonly placement: { readonly inlineBytesMax: number; readonly stagedItemBytesMax: number };
  /** Soft: the broker that crosses it spills. Hard: commits are refused until somebody has. */
  readonly tail: {
    readonly entriesSoftMax: number;
    readonly entriesHardMax: number;
    readonly bytesSoftMax: number;
    readonly bytesHardMax: number;
  };
  readonly producers: { readonly softMax: number; readonly hardMax: number };
  /** A partition's unrolled bytes, or the age of the oldest of them in ms, at which they become a segment. */
  readonly roll: { readonly bytes: number; readonly ageMs: number };
  readonly merge: {
    /** Segments are merged until they have about so many. */
    readonly bytes: number;
    /** What passes through memory at a time, where the object store composes. */
    readonly bufferBytes: number;
    /** Neighbours that are merged before they have the size; at most `rollInputsMax`. */
    readonly inputsMax: number;
  };
  /** Memory for the keys of one compaction, however many there are. */
  readonly compactionKeysBytesMax: number;
  /** How long the first batch of a flush waits for company, ms. */
  readonly lingerMs: number;
  readonly stagedObjectBytesMax: number;
  /** Staged objects being put at once. */
  readonly stagingPutsMax: number;
  readonly pendingBytesMax: number;
  /** Partitions of which the broker remembers the head between produces. */
  readonly partitionsRememberedMax: number;
  readonly cacheBytesMax: number;
  /** The collector leaves alone what bears a younger stamp, ms. */
  readonly collectionAgeMs: number;
  /** What is read of a segment at once and kept; 0 reads just what is asked for. */
  readonly readBlockBytes: number;
}

const shared = {
  tail: {
    entriesSoftMax: tailEntriesSoftMax,
    entriesHardMax: tailEntriesHardMax,
    bytesSoftMax: tailBytesSoftMax,
    bytesHardMax: tailBytesHardMax,
  },
  producers: { softMax: headProducersSoftMax, hardMax: headProducersHardMax },
  compactionKeysBytesMax,
  lingerMs: 0,
  collectionAgeMs,
  stagedObjectBytesMax,
  stagingPutsMax: 2,
  pendingBytesMax: pendingProduceBytesMax,
  partitionsRememberedMax: 20_000,
  cacheBytesMax: blockCacheBytesMax,
};

/** For stores whose requests cost nothing but time: a directory and SQLite, or memory. */
export const embeddedLogSettings: LogSettings = {
  ...shared,
  placement: { inlineBytesMax: 2 * KIB, stagedItemBytesMax: 64 * KIB },
  roll: { bytes: 16 * MIB, ageMs: 60_000 },
  // What is rolled by its bytes has the target size at once: each byte is written twice in all.
  merge: { bytes: 16 * MIB, bufferBytes: 8 * MIB, inputsMax: rollInputsMax },
  cacheBytesMax: embeddedCacheBytesMax,
  readBlockBytes: 0,
};

/**
 * For stores that bill each request, by what `npm run bench:cost` counts at the list prices of S3 and DynamoDB
 * (docs/decisions/0014-what-requests-cost.md).
 */
export const billedLogSettings: LogSettings = {
  ...shared,
  // What a spill puts into the index then fits one write unit.
  tail: { ...shared.tail, entriesSoftMax: 12 },
  placement: { inlineBytesMax: 200, stagedItemBytesMax: 4 * KIB - 128 },
  // Half of what merges make of them: a partition with much to do needs no merges.
  roll: { bytes: 32 * MIB, ageMs: 10 * 60_000 },
  merge: { bytes: 64 * MIB, bufferBytes: 8 * MIB, inputsMax: rollInputsMax },
  readBlockBytes: backlogReadBytes,
};
