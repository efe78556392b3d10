const HASH_BITS = 13;
const HASH_SHIFT = 32 - HASH_BITS;
const HASH_MULTIPLIER = 0x9e3779b1;

/** The longest block that `MatchTable` can index: its positions are 16 bits wide. */
export const MATCH_BLOCK_BYTES_MAX = 65_536;

/**
 * Remembers where four bytes were last seen within one block: the match finder of both LZ77 codecs that have
 * no entropy stage. Holds 16 KiB and is reset per block, so nothing depends on what was compressed before.
 */
export class MatchTable {
  readonly #positions = new Uint16Array(1 << HASH_BITS);

  reset(): void {
    this.#positions.fill(0);
  }

  /** Where `word` may have stood before (the caller compares), counted as `position` is; now it stands there. */
  replace(word: number, position: number): number {
    const slot = Math.imul(word, HASH_MULTIPLIER) >>> HASH_SHIFT;
    const before = this.#positions[slot] as number;
    this.#positions[slot] = position;
    return before;
  }
}

/** Four bytes as a little-endian number, signed. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** Where the bytes from `at` stop being those from `earlier`, at most `end`. */
export function matchEnd(bytes: Uint8Array, earlier: number, at: number, end: number): number {
  let from = earlier;
  let to = at;
  while (to < end && bytes[from] === bytes[to]) {
    from++;
    to++;
  }
  return to;
}

const LOOP_BYTES_MAX = 24;

/** Copies `length` bytes of `source`; a loop is faster than a call for the short runs that dominate. */
export function copyRun(target: Uint8Array, to: number, source: Uint8Array, from: number, length: number): void {
  if (length > LOOP_BYTES_MAX) {
    target.set(source.subarray(from, from + length), to);
    return;
  }
  for (let step = 0; step < length; step++) target[to + step] = source[from + step] as number;
}

/** Repeats the `length` bytes that stand `distance` before `to`; they may overlap what is being written. */
export function copyMatch(target: Uint8Array, to: number, distance: number, length: number): void {
  if (length > LOOP_BYTES_MAX && distance >= length) {
    target.copyWithin(to, to - distance, to - distance + length);
    return;
  }
  if (length > LOOP_BYTES_MAX && distance === 1) {
    target.fill(target[to - 1] as number, to, to + length);
    return;
  }
  const end = to + length;
  for (let at = to; at < end; at++) target[at] = target[at - distance] as number;
}
