import { strictTextOf, utf8, viewOf } from "../../base/bytes.ts";
import { LogError } from "../../base/errors.ts";
import { frameHeaderBytesMax } from "../../base/limits.ts";
import { checkJsonSize } from "./check-json-size.ts";

/*
 * A frame (`application/vnd.tidelog.batches`), big-endian:
 *
 *   offset  size  field
 *        0     4  header length n, unsigned
 *        4     n  header: JSON, UTF-8; each partition that it names has `bytes`, the length of its payload
 *    4 + n        the payloads, in the order in which the header names them, with nothing between or after
 */
const LENGTH_BYTES = 4;

export interface Frame {
  readonly header: unknown;
  readonly payloads: Payloads;
}

/** The frame's bytes, as parts to be written one after the other: payloads are not copied. */
export function encodeFrame(header: object, payloads: readonly Uint8Array[]): Uint8Array[] {
  const text = utf8(JSON.stringify(header));
  if (text.byteLength > frameHeaderBytesMax) throw tooLong(text.byteLength);
  const start = new Uint8Array(LENGTH_BYTES + text.byteLength);
  viewOf(start).setUint32(0, text.byteLength);
  start.set(text, LENGTH_BYTES);
  return [start, ...payloads];
}

/** The header, and the payloads as views of `bytes`. Every length is checked before anything is allocated. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < LENGTH_BYTES) {
    throw invalid("the frame ends within its header's length", "header", `${LENGTH_BYTES} bytes`, bytes.byteLength);
  }
  const headerBytes = viewOf(bytes).getUint32(0);
  if (headerBytes > frameHeaderBytesMax) throw tooLong(headerBytes);
  const left = bytes.byteLength - LENGTH_BYTES;
  if (headerBytes > left) throw invalid("the frame ends within its header", "header", `${headerBytes} bytes`, left);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  return { header, payloads: new Payloads(bytes.subarray(LENGTH_BYTES + headerBytes)) };
}

/** Hands out a frame's payloads in order. */
export class Payloads {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `bytes` bytes, not copied. */
  take(bytes: number): Uint8Array {
    const left = this.#bytes.byteLength - this.#at;
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw invalid("a payload's length is no length", "bytes", "a whole number, 0 or more", bytes);
    }
    if (bytes > left) throw invalid("the frame ends within a payload", "bytes", `at most ${left}, what is left`, bytes);
    this.#at += bytes;
    return this.#bytes.subarray(this.#at - bytes, this.#at);
  }

  /** Refuses bytes that no partition claims. */
  end(): void {
    const left = this.#bytes.byteLength - this.#at;
    if (left > 0) throw invalid("the frame goes on after its last payload", "bytes", "the end of the frame", left);
  }
}

function parseHeader(bytes: Uint8Array): unknown {
  const text = strictTextOf(bytes);
  if (text === undefined) throw invalid("the frame's header is not UTF-8", "header", "UTF-8", "other bytes");
  checkJsonSize(text, "header");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LogError("InvalidRequest", "the frame's header is not JSON", { details: { field: "header" }, cause });
  }
}

function tooLong(headerBytes: number): LogError {
  return invalid("the frame's header is too long", "header", `at most ${frameHeaderBytesMax} bytes`, headerBytes);
}

function invalid(message: string, field: string, expected: string, actual: unknown): LogError {
  const text = `${message}: expected ${expected}, got ${String(actual)}`;
  return new LogError("InvalidRequest", text, { details: { field, expected, actual } });
}
