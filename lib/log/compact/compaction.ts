import type { Call } from "../../base/call.ts";
import type { Stamp } from "../../base/ids.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import type { DamagedNames } from "../merge/damaged-segment.ts";
import type { EffectiveConfigs } from "../topics/topic-configs.ts";

export type CompactionRules = Pick<
  EffectiveConfigs,
  | "cleanup"
  | "deleteRetentionMs"
  | "minCompactionLagMs"
  | "minDirtyRatio"
  | "retentionBytes"
  | "retentionMs"
  | "segmentBytes"
  | "segmentMs"
>;

/** One compaction under way. */
export interface Compaction {
  /** Its reads go past the cache of blocks: what is read once must not drive out what readers need. */
  readonly context: LogContext;
  readonly ref: PartitionRef;
  readonly rules: CompactionRules;
  /** Segments known to be damaged, by their objects' keys. */
  readonly damaged: DamagedNames;
  /** Bases of damaged items that rolls have gone past, and that compaction goes past as well. */
  readonly passedOver: ReadonlySet<number>;
  /** Awaited every so often: lets whoever waits for an answer go first. */
  readonly giveWay: () => Promise<void>;
  readonly call: Call;
  /** The time that decides about tombstones, ms. */
  readonly nowMs: number;
  /** No commit id with a stamp above it is within reach of this compaction. */
  readonly forgotten: Stamp;
}

/** What one pass over a partition goes by. */
export interface Pass {
  /** Records from here on stay, whatever their keys. */
  readonly end: number;
  /** Below it no key stands twice, so that a tombstone there has nothing left to hide. */
  readonly cleanedEnd: number;
  /** The last offset of a key among those from `cleanedEnd` to `end`. */
  latest(key: Uint8Array): number | undefined;
}

/** What a compaction, or a part of it, has done. */
export interface CompactionFigures {
  records: number;
  bytesRead: number;
  bytesWritten: number;
  removedRecords: number;
  /** The earliest time at which a tombstone that is left may go, ms; infinity without one. */
  tombstonesDueMs: number;
}
