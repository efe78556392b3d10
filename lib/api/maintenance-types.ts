export interface CollectGarbageRequest {
  /** Deletes nothing, and tells what might go. */
  readonly dryRun?: boolean | undefined;
  /** An earlier answer's `next`: goes on from there. */
  readonly after?: string | undefined;
}

export interface CollectedGarbage {
  /** Objects and staged items deleted, or in a dry run those that might be. */
  readonly objects: number;
  readonly items: number;
  /** Of both. */
  readonly bytes: number;
  /** Old enough, but still referred to. */
  readonly referred: number;
  /** Left alone: damaged, or nobody could be found who may say that it is not needed. */
  readonly undecided: number;
  /** There is more to look at: ask again with this as `after`. Absent when all has been looked at. */
  readonly next?: string | undefined;
}
