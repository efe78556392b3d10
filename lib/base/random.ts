import { randomBytes } from "node:crypto";

/** The only source of randomness; seeded in simulation. */
export interface Random {
  /** Uniform in [0, 1). For jitter and choice, never for secrets. */
  fraction(): number;
  /** `count` random bytes; cryptographically strong outside of simulation. */
  bytes(count: number): Uint8Array;
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};

/** Uniform whole number in [0, bound). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.fraction() * bound);
}

const ID_ALPHABET = "0123456789abcdefghijklmnopqrstuv";

/** A random name of `length` characters of base 32 (5 bits each), lower case, safe in any file name. */
export function randomName(random: Random, length: number): string {
  let name = "";
  for (const byte of random.bytes(length)) name += ID_ALPHABET[byte & 31];
  return name;
}
