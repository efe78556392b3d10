/*
 * Varints of the record format, as in Protocol Buffers: 7 bits a byte, lowest first, the highest bit set on all
 * but the last; signed by zigzag (0, -1, 1, -2 are 0, 1, 2, 3). At most 5 bytes for 32 bits, 10 for 64.
 */
const CONTINUE = 0x80;
const PAYLOAD = 0x7f;
export const VARINT_BYTES_MAX = 5;
export const VARLONG_BYTES_MAX = 10;
/** Below this, a zigzagged value is held by the bit operations of numbers. */
const NARROW_MAX = 2 ** 30;

function zigzag32(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function isNarrow(value: number): boolean {
  return value >= -NARROW_MAX && value < NARROW_MAX;
}

function zigzag64(value: number): bigint {
  const wide = BigInt(value);
  return BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
}

/** Bytes that `writeVarint` takes for a whole number of 32 bits. */
export function varintBytes(value: number): number {
  const raw = zigzag32(value);
  if (raw < 1 << 7) return 1;
  if (raw < 1 << 14) return 2;
  if (raw < 1 << 21) return 3;
  return raw < 1 << 28 ? 4 : 5;
}

/** Bytes that `writeVarlong` takes for a safe integer. */
export function varlongBytes(value: number): number {
  if (isNarrow(value)) return varintBytes(value);
  let count = 1;
  for (let rest = zigzag64(value) >> 7n; rest > 0n; rest >>= 7n) count++;
  return count;
}

/** Writes a whole number of 32 bits at `at`; answers its end. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = zigzag32(value);
  let out = at;
  for (; rest >= CONTINUE; rest >>>= 7) target[out++] = (rest & PAYLOAD) | CONTINUE;
  target[out++] = rest;
  return out;
}

/** Writes a safe integer at `at`; answers its end. */
export function writeVarlong(target: Uint8Array, at: number, value: number): number {
  if (isNarrow(value)) return writeVarint(target, at, value);
  let rest = zigzag64(value);
  let out = at;
  for (; rest >= 0x80n; rest >>= 7n) target[out++] = Number(rest & 0x7fn) | CONTINUE;
  target[out++] = Number(rest);
  return out;
}

/** What is wrong with bytes that a `VarintReader` was to read. */
export class VarintError extends Error {
  override readonly name = "VarintError";
}

/** Reads varints forward within [at, end) of `bytes`; never past it, and never more bytes than a number may take. */
export class VarintReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw new VarintError("the bytes end within a field");
    return this.bytes[this.at++] as number;
  }

  /** A whole number of 32 bits. */
  varint(): number {
    let byte = this.byte();
    let raw = byte & PAYLOAD;
    for (let shift = 7; byte >= CONTINUE; shift += 7) {
      byte = this.byte();
      if (shift === 28 && byte > 0x0f) throw new VarintError("a number is longer than 32 bits");
      raw |= (byte & PAYLOAD) << shift;
    }
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** A number of 64 bits, which must be a safe integer. */
  varlong(): number {
    const start = this.at;
    let byte = this.byte();
    let raw = byte & PAYLOAD;
    for (let shift = 7; byte >= CONTINUE; shift += 7) {
      if (shift === 28) return this.#wideVarlong(start);
      byte = this.byte();
      raw |= (byte & PAYLOAD) << shift;
    }
    return (raw >>> 1) ^ -(raw & 1);
  }

  #wideVarlong(start: number): number {
    this.at = start;
    let raw = 0n;
    for (let count = 0; count < VARLONG_BYTES_MAX; count++) {
      const byte = this.byte();
      raw |= BigInt(byte & PAYLOAD) << BigInt(7 * count);
      if (byte >= CONTINUE) continue;
      if (raw >= 1n << 64n) break;
      const value = Number((raw >> 1n) ^ -(raw & 1n));
      if (!Number.isSafeInteger(value)) throw new VarintError("a number is beyond 2^53");
      return value;
    }
    throw new VarintError("a number is longer than 64 bits");
  }
}
