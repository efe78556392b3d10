/** Something in the object store that the restored log does not hold. */
export interface Unplaced {
  readonly objectKey: string;
  readonly why: string;
}

export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

export interface RestoredPartition {
  readonly partition: number;
  /** By an earlier run, which was interrupted: only `highWatermark` and `leaderEpoch` are told then. */
  readonly before: boolean;
  readonly segments: number;
  readonly records: number;
  readonly bytes: number;
  readonly logStart: number;
  /** Where its segments end. */
  readonly end: number;
  readonly highWatermark: number;
  readonly leaderEpoch: number;
  /** Below `end`, and no segment answers for them: compacted away, removed, or lost. */
  readonly gaps: readonly OffsetRange[];
  /** Segments that others took the place of. */
  readonly superseded: number;
  /** Batches in staged objects that are in no segment. They may include what was never acknowledged. */
  readonly staged: { readonly batches: number; readonly records: number; readonly appended: boolean };
}

export interface RestoredTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly RestoredPartition[];
}

export interface RestoreReport {
  /** False when it was stopped: run it again, and it goes on. */
  readonly complete: boolean;
  readonly incarnation: string;
  /** How many restores the object store has seen, this one included. */
  readonly generation: number;
  readonly topics: readonly RestoredTopic[];
  readonly deletedTopics: number;
  readonly unplaced: readonly Unplaced[];
}

export interface RestoreProgress {
  readonly topic: string;
  readonly partition: number;
  readonly topicsDone: number;
  readonly topics: number;
  /** Read so far, of segments and staged objects. */
  readonly bytes: number;
}
