import { LogError } from "../../base/errors.ts";

const CONTINUE = 0x80;
const VARINT_BYTES_MAX = 8;

/** Reads what `ByteWriter` wrote. Anything else is a `CorruptItem` error, never a wild read or allocation. */
export class ByteReader {
  readonly #buffer: Buffer;
  readonly #what: string;
  #at = 0;

  /** `what` names the value in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  byte(): number {
    const byte = this.#buffer[this.#at++];
    if (byte === undefined) throw this.corrupt("ends early");
    return byte;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < CONTINUE) {
        if (Number.isSafeInteger(value)) return value;
        break;
      }
      scale *= CONTINUE;
    }
    throw this.corrupt("holds a number above 2^53");
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#take(8));
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#take(length);
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset + start, length);
  }

  text(): string {
    const length = this.varint();
    const start = this.#take(length);
    return this.#buffer.toString("utf8", start, start + length);
  }

  /** A count of things that take a byte or more each: checked before anybody loops by it. */
  count(): number {
    const count = this.varint();
    if (count > this.#buffer.byteLength - this.#at) throw this.corrupt(`claims ${count} elements`);
    return count;
  }

  /** Demands that nothing is left. */
  end(): void {
    if (this.#at !== this.#buffer.byteLength) throw this.corrupt("is longer than its content");
  }

  corrupt(how: string): LogError {
    return new LogError("CorruptItem", `${this.#what} ${how} (byte ${this.#at} of ${this.#buffer.byteLength})`);
  }

  #take(count: number): number {
    const start = this.#at;
    if (count > this.#buffer.byteLength - start) throw this.corrupt("ends early");
    this.#at += count;
    return start;
  }
}
