import type { Random } from "../../lib/base/random.ts";

/**
 * The simulator's randomness (sfc32, Chris Doty-Humphrey's small fast counter): all of a run follows from one
 * seed. Each actor forks a stream of its own by name, so that one more draw in one place does not reshuffle the rest.
 */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = "") {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = hashOf(stream);
    for (let round = 0; round < 16; round++) this.#next();
  }

  fork(stream: string): SeededRandom {
    return new SeededRandom(this.#next() * 2 ** 21 + (this.#next() >>> 11), stream);
  }

  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at++) bytes[at] = this.#next() >>> 24;
    return bytes;
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  /** Whole, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Exponentially distributed, at most 20 times the mean. */
  around(mean: number): number {
    return Math.min(-Math.log(1 - this.fraction()) * mean, mean * 20);
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash | 0;
}
