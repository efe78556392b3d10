const FIRST_CAPACITY = 16 * 1024;
const VARINT_BYTES_MAX = 8;
const CONTINUE = 0x80;
/** Below this a loop over the characters beats the call into the runtime. */
const SHORT_TEXT = 48;

/** Writes into one buffer that is used again for every item: `finish` copies out. Grows as needed. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;

  reset(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  varint(value: number): void {
    this.#reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= CONTINUE) {
      this.#buffer[this.#length++] = (rest % CONTINUE) | CONTINUE;
      rest = Math.floor(rest / CONTINUE);
    }
    this.#buffer[this.#length++] = rest;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleBE(value, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  text(text: string): void {
    if (text.length < SHORT_TEXT && this.#shortAscii(text)) return;
    const bytes = Buffer.byteLength(text);
    this.varint(bytes);
    this.#reserve(bytes);
    this.#length += this.#buffer.write(text, this.#length);
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }

  /** Writes length and text when all of it is ASCII; else nothing. */
  #shortAscii(text: string): boolean {
    this.#reserve(1 + text.length);
    const start = this.#length;
    this.#buffer[start] = text.length;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= CONTINUE) return false;
      this.#buffer[start + 1 + at] = unit;
    }
    this.#length = start + 1 + text.length;
    return true;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.byteLength * 2, this.#length + count));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
