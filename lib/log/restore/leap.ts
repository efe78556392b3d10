import { assert } from "../../base/assert.ts";

/*
 * What the lost items had given out beyond what the object store shows cannot be known, so that each restore leaps
 * over more than could have been given out: numbers are used again by nobody. A restore of generation g takes what
 * lies at 2g steps or above, so that it clears what followed the restore before it, too.
 */

/** Offsets: more than one partition can get within an hour at a million records a second. */
const OFFSET_STEP = 2 ** 32;
/** Leader epochs: operators raise them one by one. */
const EPOCH_STEP = 2 ** 12;
/** Producer ids: each client takes one, in blocks of a thousand. */
const PRODUCER_ID_STEP = 2 ** 32;
/** Versions of a topic: people alter it. */
const TOPIC_VERSION_STEP = 1000;
const EPOCH_MAX = 2 ** 31 - 1;

/** The first offset that may be given after a restore, for a partition whose segments end at `end`. */
export function leapOffset(end: number, generation: number): number {
  return leap(end, generation, OFFSET_STEP);
}

/** The leader epoch after a restore; `newest` is the largest in the partition's batches. */
export function leapEpoch(newest: number, generation: number): number {
  const epoch = leap(newest, generation, EPOCH_STEP);
  assert(epoch <= EPOCH_MAX, "leader epochs have 31 bits");
  return epoch;
}

/** The next producer id after a restore; `newest` is the largest in any batch, -1 without. */
export function leapProducerId(newest: number, generation: number): number {
  return leap(newest + 1, generation, PRODUCER_ID_STEP);
}

/** The version of a topic after a restore; `newest` is what its objects show. */
export function leapTopicVersion(newest: number, generation: number): number {
  return leap(newest, generation, TOPIC_VERSION_STEP);
}

function leap(seen: number, generation: number, step: number): number {
  const leapt = Math.max(Math.ceil(seen / step) + 1, 2 * generation) * step;
  assert(Number.isSafeInteger(leapt), "numbers that are given out stay below 2^53");
  return leapt;
}
