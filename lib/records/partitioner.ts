import { assert } from "../base/assert.ts";
import { type Random, randomBelow } from "../base/random.ts";

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const MIX_SHIFT = 24;
const POSITIVE = 0x7fffffff;

/** MurmurHash2 as Kafka's Java client has it: 32 bits, signed. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.byteLength;
  const wordsEnd = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < wordsEnd; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    const mixed = Math.imul(word, MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(mixed ^ (mixed >>> MIX_SHIFT), MULTIPLIER);
  }
  if (wordsEnd < length) {
    for (let at = wordsEnd; at < length; at++) hash ^= (bytes[at] as number) << (8 * (at - wordsEnd));
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition that Kafka's clients choose for a key: the same key, the same partition, whoever sends it. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  assert(partitionCount > 0, "a topic has a partition");
  return (murmur2(key) & POSITIVE) % partitionCount;
}

/**
 * Chooses partitions of one topic for records without a key: the same one until a batch is full or sent, then
 * another (KIP-480), so that batches fill and the load still spreads.
 */
export class StickyPartitioner {
  readonly #random: Random;
  #partition: number | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Where the next record without a key goes. */
  partition(partitionCount: number): number {
    assert(partitionCount > 0, "a topic has a partition");
    if (this.#partition === undefined || this.#partition >= partitionCount) {
      this.#partition = randomBelow(this.#random, partitionCount);
    }
    return this.#partition;
  }

  /** Moves on from `partition`, whose batch is complete; nothing happens when it has moved on already. */
  batchCompleted(partition: number, partitionCount: number): void {
    if (partition !== this.#partition || partitionCount < 2) return;
    // One of the others, each as likely.
    const step = 1 + randomBelow(this.#random, partitionCount - 1);
    this.#partition = (partition + step) % partitionCount;
  }
}
