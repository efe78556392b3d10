import { EMPTY_BYTES, textOf, utf8 } from "./bytes.ts";
import { LogError } from "./errors.ts";

const CONTINUE = 0x80;
const VARINT_BYTES_MAX = 8;

/** Writes the small packed values of our own items: unsigned varints (LEB128, below 2^53), bytes and text. */
export class PackWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** A whole number from 0 below 2^53. */
  varint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a varint: ${value}`);
    this.#reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= CONTINUE) {
      this.#bytes[this.#length++] = (rest % CONTINUE) | CONTINUE;
      rest = Math.floor(rest / CONTINUE);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  /** A whole number of either sign, |value| below 2^52 (zigzag). */
  signedVarint(value: number): this {
    return this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** Length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    this.varint(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
    return this;
  }

  /** Length in bytes, then UTF-8. */
  text(text: string): this {
    return this.bytes(utf8(text));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#length + count));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what `PackWriter` wrote. Anything else is a `CorruptItem` error, never a wild read or allocation. */
export class PackReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** `what` names the value in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw this.#corrupt("ends within a number");
      value += (byte & 0x7f) * scale;
      if (byte < CONTINUE) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= CONTINUE;
    }
    throw this.#corrupt("holds a number above 2^53");
  }

  signedVarint(): number {
    const raw = this.varint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  /** A view into the value, not a copy. */
  bytes(): Uint8Array {
    const length = this.varint();
    if (length > this.#bytes.byteLength - this.#at) throw this.#corrupt("ends within bytes");
    const bytes = length === 0 ? EMPTY_BYTES : this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  text(): string {
    return textOf(this.bytes());
  }

  /** A count of things of which each takes `bytesEach` or more: checked before anybody allocates by it. */
  count(bytesEach: number): number {
    const count = this.varint();
    if (count * bytesEach > this.#bytes.byteLength - this.#at) throw this.#corrupt(`claims ${count} elements`);
    return count;
  }

  /** Demands that nothing is left. */
  end(): void {
    if (this.#at !== this.#bytes.byteLength) throw this.#corrupt("is longer than its content");
  }

  #corrupt(how: string): LogError {
    return new LogError("CorruptItem", `${this.#what} ${how} (byte ${this.#at} of ${this.#bytes.byteLength})`);
  }
}
