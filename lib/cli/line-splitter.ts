import { concatBytes } from "../base/bytes.ts";

const LF = 10;

/**
 * Cuts a stream of bytes into lines. Only LF ends a line: CR belongs to it. What follows the last LF is a line
 * too, unless it is empty. Holds no more than one line and one chunk.
 */
export class LineSplitter {
  readonly #lineBytesMax: number;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #lineCount = 0;
  #overlongLine: number | undefined;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The number, from 1, of the line that was longer than allowed: nothing after it is given out. */
  get overlongLine(): number | undefined {
    return this.#overlongLine;
  }

  /** The lines that this chunk completes, without their LF; views of the chunk where they lie in it as a whole. */
  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let from = 0;
    while (this.#overlongLine === undefined && from < chunk.byteLength) {
      const found = chunk.indexOf(LF, from);
      const to = found < 0 ? chunk.byteLength : found;
      if (this.#partsBytes + to - from > this.#lineBytesMax) this.#overlongLine = this.#lineCount + 1;
      else if (found < 0) this.#keep(chunk.subarray(from));
      else lines.push(this.#complete(chunk.subarray(from, to)));
      from = to + 1;
    }
    return lines;
  }

  /** The last line, when it had no LF. */
  end(): Uint8Array[] {
    return this.#parts.length === 0 || this.#overlongLine !== undefined ? [] : [this.#complete()];
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part);
    this.#partsBytes += part.byteLength;
  }

  #complete(last?: Uint8Array): Uint8Array {
    this.#lineCount += 1;
    if (last !== undefined && this.#parts.length === 0) return last;
    if (last !== undefined) this.#parts.push(last);
    const line = concatBytes(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    return line;
  }
}
