import { assert } from "./assert.ts";

/** CRC-32C (Castagnoli, RFC 3720 section 12.1) of `bytes`, unsigned; `seed` is the CRC of the bytes before them. */
export type Crc32c = (bytes: Uint8Array, seed?: number) => number;

const POLYNOMIAL_REFLECTED = 0x82f63b78;
const SLICES = 16;
const BELOW_SLICES = SLICES - 1;

/** Table k (256 numbers from k * 256) advances a byte over k further zero bytes. */
function buildTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL_REFLECTED : 0);
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

const TABLES = buildTables();

function bytewise(state: number, bytes: Uint8Array, from: number, to: number): number {
  let crc = state;
  for (let at = from; at < to; at++) {
    crc = (crc >>> 8) ^ (TABLES[(crc ^ (bytes[at] as number)) & 0xff] as number);
  }
  return crc;
}

/** Four words at a time through 16 tables: 16 independent look-ups per step instead of a chain of them. */
function wordwise(state: number, words: Int32Array): number {
  const t = TABLES;
  let crc = state;
  for (let at = 0; at + 3 < words.length; at += 4) {
    const a = crc ^ (words[at] as number);
    const b = words[at + 1] as number;
    const c = words[at + 2] as number;
    const d = words[at + 3] as number;
    crc =
      (t[3840 + (a & 0xff)] as number) ^
      (t[3584 + ((a >>> 8) & 0xff)] as number) ^
      (t[3328 + ((a >>> 16) & 0xff)] as number) ^
      (t[3072 + (a >>> 24)] as number) ^
      (t[2816 + (b & 0xff)] as number) ^
      (t[2560 + ((b >>> 8) & 0xff)] as number) ^
      (t[2304 + ((b >>> 16) & 0xff)] as number) ^
      (t[2048 + (b >>> 24)] as number) ^
      (t[1792 + (c & 0xff)] as number) ^
      (t[1536 + ((c >>> 8) & 0xff)] as number) ^
      (t[1280 + ((c >>> 16) & 0xff)] as number) ^
      (t[1024 + (c >>> 24)] as number) ^
      (t[768 + (d & 0xff)] as number) ^
      (t[512 + ((d >>> 8) & 0xff)] as number) ^
      (t[256 + ((d >>> 16) & 0xff)] as number) ^
      (t[d >>> 24] as number);
  }
  return crc;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The implementation that needs nothing but JavaScript. */
export function crc32cOfJavaScript(bytes: Uint8Array, seed = 0): number {
  const length = bytes.byteLength;
  const head = LITTLE_ENDIAN ? Math.min(length, (4 - (bytes.byteOffset & 3)) & 3) : length;
  const body = (length - head) & ~BELOW_SLICES;
  let crc = bytewise(~seed, bytes, 0, head);
  if (body > 0) crc = wordwise(crc, new Int32Array(bytes.buffer, bytes.byteOffset + head, body >>> 2));
  return ~bytewise(crc, bytes, head + body, length) >>> 0;
}

let implementation: Crc32c = crc32cOfJavaScript;

/** CRC-32C by the implementation that is installed; see `Crc32c`. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  return implementation(bytes, seed);
}

/** Long enough that an implementation which treats short and long input apart shows both. */
const CHECK_BYTES = 8192;

/** Lets a composition root put a faster implementation in place; one that computes something else is a crash. */
export function installCrc32c(faster: Crc32c): void {
  const sample = Uint8Array.from({ length: CHECK_BYTES }, (_, at) => (at * 167 + (at >>> 8)) & 0xff);
  for (const length of [0, 9, 1000, CHECK_BYTES - 1]) {
    const head = sample.subarray(0, length);
    const seed = crc32cOfJavaScript(head);
    assert(faster(head, 0) === seed, "what is installed computes CRC-32C");
    assert(faster(sample, seed) === crc32cOfJavaScript(sample, seed), "what is installed continues a CRC-32C");
  }
  implementation = faster;
}
