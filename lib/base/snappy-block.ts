import { damaged, tooLarge } from "./decompression-errors.ts";
import { copyMatch, copyRun, MATCH_BLOCK_BYTES_MAX, MatchTable, matchEnd, wordAt } from "./match-table.ts";

/*
 * A raw snappy block (snappy format description): the uncompressed length as a varint, then elements. The low
 * two bits of an element's first byte tell its kind:
 *
 *   00  literals: length less 1 in the high 6 bits; 60 to 63 mean that 1 to 4 length bytes follow
 *   01  copy of 4 to 11 bytes: bits 2-4 length less 4, bits 5-7 and one byte the distance
 *   10  copy of 1 to 64 bytes: high 6 bits length less 1, two bytes little-endian the distance
 *   11  the same with four bytes
 */
const LITERALS = 0;
const COPY_1 = 1;
const COPY_2 = 2;
const LITERAL_LENGTH_BYTES_FROM = 60;
const COPY_BYTES_MAX = 64;
const COPY_1_BYTES_MAX = 11;
const COPY_1_DISTANCE_MAX = 2047;
const MATCH_BYTES_MIN = 4;
/** No match begins within the last bytes: what is too short to gain anything stays literal. */
const MATCH_START_MARGIN = 15;
const MISSES_PER_STEP_BITS = 5;
const LENGTH_BYTES_MAX = 5;

export const SNAPPY_BLOCK_BYTES_MAX = MATCH_BLOCK_BYTES_MAX;

const table = new MatchTable();

/** Room that `compressSnappyBlock` may need for `length` bytes. */
export function snappyBlockBound(length: number): number {
  return 32 + length + Math.floor(length / 6);
}

/** Writes [from, to) of `source`, at most 64 KiB, as one block into `target` from `at` on; answers its end. */
export function compressSnappyBlock(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): number {
  table.reset();
  let out = writeBlockLength(target, at, to - from);
  const searchEnd = to - MATCH_START_MARGIN;
  let anchor = from;
  let position = from + 1;
  let misses = 1 << MISSES_PER_STEP_BITS;
  while (position < searchEnd) {
    const word = wordAt(source, position);
    const earlier = from + table.replace(word, position - from);
    if (wordAt(source, earlier) !== word) {
      position += misses++ >> MISSES_PER_STEP_BITS;
      continue;
    }
    const end = matchEnd(source, earlier + MATCH_BYTES_MIN, position + MATCH_BYTES_MIN, to);
    out = writeLiterals(target, out, source, anchor, position);
    out = writeCopies(target, out, position - earlier, end - position);
    anchor = end;
    position = end;
    misses = 1 << MISSES_PER_STEP_BITS;
  }
  return writeLiterals(target, out, source, anchor, to);
}

function writeBlockLength(target: Uint8Array, at: number, length: number): number {
  let out = at;
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) target[out++] = (rest & 0x7f) | 0x80;
  target[out++] = rest;
  return out;
}

function writeLiterals(target: Uint8Array, at: number, source: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length === 0) return at;
  let out = at;
  const code = length - 1;
  if (code < LITERAL_LENGTH_BYTES_FROM) {
    target[out++] = code << 2;
  } else if (code < 256) {
    target[out++] = LITERAL_LENGTH_BYTES_FROM << 2;
    target[out++] = code;
  } else {
    target[out++] = (LITERAL_LENGTH_BYTES_FROM + 1) << 2;
    target[out++] = code & 0xff;
    target[out++] = code >>> 8;
  }
  copyRun(target, out, source, from, length);
  return out + length;
}

function writeCopies(target: Uint8Array, at: number, distance: number, length: number): number {
  let out = at;
  let rest = length;
  while (rest > 0) {
    // The last copy keeps 4 bytes or more, so that it may take the short form.
    const part = rest <= COPY_BYTES_MAX ? rest : Math.min(COPY_BYTES_MAX, rest - MATCH_BYTES_MIN);
    if (part <= COPY_1_BYTES_MAX && distance <= COPY_1_DISTANCE_MAX) {
      target[out++] = COPY_1 | ((part - MATCH_BYTES_MIN) << 2) | ((distance >>> 8) << 5);
      target[out++] = distance & 0xff;
    } else {
      target[out++] = COPY_2 | ((part - 1) << 2);
      target[out++] = distance & 0xff;
      target[out++] = distance >>> 8;
    }
    rest -= part;
  }
  return out;
}

/** The length that a block claims, and where its elements begin. */
export interface SnappyBlockHead {
  readonly contentBytes: number;
  readonly elementsFrom: number;
}

/**
 * Reads the head of the block in [from, to). A claim above what any block of this size can hold is damage,
 * one above `bytesMax` too large: what is allocated by it is at most 22 times the input.
 */
export function readSnappyBlockHead(source: Uint8Array, from: number, to: number, bytesMax: number): SnappyBlockHead {
  let contentBytes = 0;
  let scale = 1;
  const end = Math.min(to, from + LENGTH_BYTES_MAX);
  for (let at = from; at < end; at++) {
    const byte = source[at] as number;
    contentBytes += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      // The densest element is a copy: 64 bytes out of 3.
      if (contentBytes * 3 > (to - at - 1) * COPY_BYTES_MAX) {
        throw damaged("snappy", `${to - from} bytes claim to hold ${contentBytes}`);
      }
      if (contentBytes > bytesMax) throw tooLarge("snappy", bytesMax);
      return { contentBytes, elementsFrom: at + 1 };
    }
    scale *= 0x80;
  }
  throw damaged("snappy", "a block's length is cut off or above 32 bits");
}

/** Decompresses elements [from, to) into exactly [start, end) of `target`. */
export function decompressSnappyElements(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  start: number,
  end: number,
): void {
  let at = from;
  let out = start;
  while (at < to) {
    const tag = source[at++] as number;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    if (kind === LITERALS) {
      if (length > LITERAL_LENGTH_BYTES_FROM) {
        const count = length - LITERAL_LENGTH_BYTES_FROM;
        length = littleEndian(source, at, count, to) + 1;
        at += count;
      }
      if (length > to - at || length > end - out) throw damaged("snappy", "literals reach past the end");
      copyRun(target, out, source, at, length);
      at += length;
    } else {
      const count = kind === COPY_1 ? 1 : kind === COPY_2 ? 2 : 4;
      let distance = littleEndian(source, at, count, to);
      at += count;
      if (kind === COPY_1) {
        distance += (tag >>> 5) << 8;
        length = ((tag >>> 2) & 7) + MATCH_BYTES_MIN;
      }
      if (distance === 0 || distance > out - start) throw damaged("snappy", "a copy begins before the data");
      if (length > end - out) throw damaged("snappy", "a copy reaches past the end");
      copyMatch(target, out, distance, length);
    }
    out += length;
  }
  if (out !== end) throw damaged("snappy", `a block ends ${end - out} bytes early`);
}

function littleEndian(source: Uint8Array, at: number, count: number, to: number): number {
  if (count > to - at) throw damaged("snappy", "a block ends within an element");
  let value = 0;
  for (let step = count - 1; step >= 0; step--) value = value * 256 + (source[at + step] as number);
  return value;
}
