import { copyMatch, copyRun, MATCH_BLOCK_BYTES_MAX, MatchTable, matchEnd, wordAt } from "./match-table.ts";

/*
 * An LZ4 block is a run of sequences (LZ4 block format description, 2022):
 *
 *   token        high 4 bits literal length, low 4 bits match length less 4; 15 means: more length bytes follow
 *   lengths      bytes of 255, then one below: added to the literal length
 *   literals
 *   offset       2, little-endian: how far back the match begins; absent after the last literals
 *   lengths      added to the match length
 */
const NIBBLE_MAX = 15;
const MATCH_BYTES_MIN = 4;
/** The format wants its last 5 bytes as literals, and no match that begins within the last 12. */
const LAST_LITERALS = 5;
const MATCH_START_MARGIN = 12;
const DISTANCE_MAX = 65_535;
/** Every 64 misses in a row the search takes longer steps: data that does not compress costs little. */
const MISSES_PER_STEP_BITS = 6;

export const LZ4_BLOCK_BYTES_MAX = MATCH_BLOCK_BYTES_MAX;

/** Where a block's decoding stands: both passes stop at the first thing that is wrong. */
export class Lz4BlockError extends Error {
  override readonly name = "Lz4BlockError";
}

const table = new MatchTable();

/** Room that `compressLz4Block` may need for `length` bytes. */
export function lz4BlockBound(length: number): number {
  return length + Math.floor(length / 255) + 16;
}

/** Writes [from, to) of `source`, at most 64 KiB, as one block into `target` from `at` on; answers its end. */
export function compressLz4Block(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
  table.reset();
  const matchLimit = to - LAST_LITERALS;
  const searchEnd = to - MATCH_START_MARGIN;
  let anchor = from;
  let position = from + 1;
  let out = at;
  let misses = 1 << MISSES_PER_STEP_BITS;
  while (position < searchEnd) {
    const word = wordAt(source, position);
    const earlier = from + table.replace(word, position - from);
    if (position - earlier > DISTANCE_MAX || wordAt(source, earlier) !== word) {
      position += misses++ >> MISSES_PER_STEP_BITS;
      continue;
    }
    const end = matchEnd(source, earlier + MATCH_BYTES_MIN, position + MATCH_BYTES_MIN, matchLimit);
    out = writeSequence(target, out, source, anchor, position, position - earlier, end - position);
    anchor = end;
    position = end;
    misses = 1 << MISSES_PER_STEP_BITS;
  }
  return writeLiterals(target, out, source, anchor, to, 0);
}

function writeSequence(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  anchor: number,
  position: number,
  distance: number,
  matchBytes: number,
): number {
  const extra = matchBytes - MATCH_BYTES_MIN;
  let out = writeLiterals(target, at, source, anchor, position, Math.min(extra, NIBBLE_MAX));
  target[out++] = distance & 0xff;
  target[out++] = distance >>> 8;
  return extra < NIBBLE_MAX ? out : writeLength(target, out, extra - NIBBLE_MAX);
}

function writeLiterals(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
  matchNibble: number,
): number {
  const length = to - from;
  let out = at;
  target[out++] = (Math.min(length, NIBBLE_MAX) << 4) | matchNibble;
  if (length >= NIBBLE_MAX) out = writeLength(target, out, length - NIBBLE_MAX);
  copyRun(target, out, source, from, length);
  return out + length;
}

function writeLength(target: Uint8Array, at: number, length: number): number {
  let out = at;
  let rest = length;
  for (; rest >= 255; rest -= 255) target[out++] = 255;
  target[out++] = rest;
  return out;
}

/** Walks a block's sequences; `length` of the field just read stays in `value`, since a pair would allocate. */
class Lz4Cursor {
  readonly #source: Uint8Array;
  readonly #end: number;
  at: number;

  constructor(source: Uint8Array, from: number, to: number) {
    this.#source = source;
    this.at = from;
    this.#end = to;
  }

  get left(): number {
    return this.#end - this.at;
  }

  byte(): number {
    if (this.at >= this.#end) throw new Lz4BlockError("the block ends within a sequence");
    return this.#source[this.at++] as number;
  }

  /** A length that began as `nibble`: at most 255 times the bytes that are left, so it cannot overflow. */
  length(nibble: number): number {
    let length = nibble;
    if (nibble < NIBBLE_MAX) return length;
    let more = 255;
    while (more === 255) {
      more = this.byte();
      length += more;
    }
    return length;
  }

  /** Demands `count` bytes of literals and moves past them; answers where they begin. */
  literals(count: number): number {
    if (count > this.left) throw new Lz4BlockError("the block ends within literals");
    const from = this.at;
    this.at += count;
    return from;
  }
}

/** How many bytes a block decompresses to, without writing any. */
export function measureLz4Block(source: Uint8Array, from: number, to: number): number {
  const cursor = new Lz4Cursor(source, from, to);
  let total = 0;
  for (;;) {
    const token = cursor.byte();
    const literals = cursor.length(token >>> 4);
    cursor.literals(literals);
    total += literals;
    if (cursor.left === 0) return total;
    cursor.byte();
    cursor.byte();
    total += cursor.length(token & NIBBLE_MAX) + MATCH_BYTES_MIN;
  }
}

/**
 * Decompresses a block that `measureLz4Block` has measured into `target` from `at` on, where it fits; answers
 * its end there. Matches may reach back to `windowStart`.
 */
export function decompressLz4Block(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
  windowStart: number,
): number {
  const cursor = new Lz4Cursor(source, from, to);
  let out = at;
  for (;;) {
    const token = cursor.byte();
    const literals = cursor.length(token >>> 4);
    copyRun(target, out, source, cursor.literals(literals), literals);
    out += literals;
    if (cursor.left === 0) return out;
    const distance = cursor.byte() | (cursor.byte() << 8);
    if (distance === 0 || distance > out - windowStart) throw new Lz4BlockError("a match begins before the data");
    const length = cursor.length(token & NIBBLE_MAX) + MATCH_BYTES_MIN;
    copyMatch(target, out, distance, length);
    out += length;
  }
}
