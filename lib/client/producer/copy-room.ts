import { utf8 } from "../../base/bytes.ts";

/** Taken at a time; what is copied into it keeps no more than this alive. */
const ROOM_BYTES = 64 * 1024;
/** Larger content gets memory of its own. */
const SHARED_BYTES_MAX = 8 * 1024;
/** UTF-8 needs at most so many bytes for each UTF-16 unit. */
const UTF8_BYTES_EACH_MAX = 3;

const encoder = new TextEncoder();

/**
 * Room for copies of records' contents, many in one piece of memory: taking memory for each record costs more than
 * its copy. Nothing that was handed out is written again.
 */
export class CopyRoom {
  #room = new Uint8Array(0);
  #used = 0;

  copyOf(content: Uint8Array | string): Uint8Array {
    if (typeof content === "string") return this.#encoded(content);
    if (content.byteLength > SHARED_BYTES_MAX) return new Uint8Array(content);
    this.#ensure(content.byteLength);
    this.#room.set(content, this.#used);
    return this.#take(content.byteLength);
  }

  #encoded(text: string): Uint8Array {
    const bytesMax = text.length * UTF8_BYTES_EACH_MAX;
    if (bytesMax > SHARED_BYTES_MAX) return utf8(text);
    this.#ensure(bytesMax);
    return this.#take(encoder.encodeInto(text, this.#room.subarray(this.#used)).written);
  }

  #ensure(bytes: number): void {
    if (this.#used + bytes <= this.#room.byteLength) return;
    this.#room = new Uint8Array(ROOM_BYTES);
    this.#used = 0;
  }

  #take(bytes: number): Uint8Array {
    const taken = this.#room.subarray(this.#used, this.#used + bytes);
    this.#used += bytes;
    return taken;
  }
}
