import { assert } from "../base/assert.ts";
import { byteLengthOf } from "../base/bytes.ts";
import { type Call, callWithin } from "../base/call.ts";
import { crc32c } from "../base/crc32c.ts";
import { LogError } from "../base/errors.ts";
import type { Stamp } from "../base/ids.ts";
import { checksumSliceBytes, serviceCallMsDefault } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import { type SegmentName, segmentKey, segmentPieceKey } from "../storage/object-keys.ts";
import type { ComposePart } from "../storage/object-store.ts";
import type { LogContext, PartitionRef } from "./log-context.ts";
import { putVerified } from "./put-verified.ts";

export interface WrittenSegment {
  readonly objectKey: string;
  readonly bytes: number;
  /** Bytes that went through this process; a piece that the store then copies into its place counts in both. */
  readonly bytesPut: number;
  /** Bytes that the store copied by itself. */
  readonly bytesCopied: number;
}

interface Destination {
  readonly ref: PartitionRef;
  readonly base: number;
  readonly end: number;
  readonly stamp: Stamp;
}

/**
 * Writes one segment out of bytes and of ranges of other segments, which the store copies by itself. Where the store
 * composes, no more than a buffer of it is in memory: pieces are put on their own, under names that nothing refers
 * to, and composed at the end. What this process puts is read back.
 */
export class SegmentWriter {
  readonly #context: LogContext;
  readonly #destination: Destination;
  /** A piece in front of others is at least so large; undefined where the store does not compose. */
  readonly #pieceBytesMin: number | undefined;
  readonly #composed: ComposePart[] = [];
  readonly #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;
  #bytes = 0;
  #bytesPut = 0;
  #bytesCopied = 0;

  constructor(context: LogContext, destination: Destination) {
    this.#context = context;
    this.#destination = destination;
    this.#pieceBytesMin = context.objects.capabilities.compose?.partBytesMin;
  }

  /** Adds bytes, which must not change any more. */
  async write(parts: readonly Uint8Array[], call: Call): Promise<void> {
    this.#buffered.push(...parts);
    this.#bufferedBytes += byteLengthOf(parts);
    if (this.#pieceBytesMin === undefined) return;
    const piece = Math.max(this.#context.settings.merge.bufferBytes, this.#pieceBytesMin);
    // What stays behind is large enough to be a part, whatever follows.
    while (this.#bufferedBytes >= piece + this.#pieceBytesMin) await this.#putPiece(piece, call);
  }

  /** Adds a range of another segment. What was written before it is empty, or as large as a part must be. */
  async copy(part: ComposePart, call: Call): Promise<void> {
    assert(this.#bufferedBytes === 0 || this.#bufferedBytes >= (this.#pieceBytesMin ?? 0), "a piece can be a part");
    if (this.#bufferedBytes > 0) await this.#putPiece(this.#bufferedBytes, call);
    this.#addPart(part);
  }

  /** The segment, whole and durable. */
  async finish(call: Call): Promise<WrittenSegment> {
    const objectKey = segmentKey(this.#newName());
    if (this.#composed.length === 0) {
      this.#bytes = this.#bufferedBytes;
      await this.#put(objectKey, this.#bufferedBytes, call);
    } else {
      if (this.#bufferedBytes > 0) await this.#putPiece(this.#bufferedBytes, call);
      await this.#compose(objectKey, call);
    }
    return { objectKey, bytes: this.#bytes, bytesPut: this.#bytesPut, bytesCopied: this.#bytesCopied };
  }

  async #putPiece(bytes: number, call: Call): Promise<void> {
    const key = segmentPieceKey(this.#newName());
    await this.#put(key, bytes, call);
    this.#addPart({ key, range: { start: 0, end: bytes } });
  }

  /** Puts the first of what is buffered, and takes it out of the buffer. */
  async #put(objectKey: string, bytes: number, call: Call): Promise<void> {
    const parts = this.#take(bytes);
    const checksum = await this.#checksumOf(parts);
    await putVerified(this.#context, objectKey, { parts, bytes, checksum }, this.#within(call));
    this.#bytesPut += bytes;
  }

  /** Others get their turn every so many bytes: all at once would take as long as several requests. */
  async #checksumOf(parts: readonly Uint8Array[]): Promise<number> {
    let checksum = 0;
    let slice = 0;
    for (const part of parts) {
      for (let at = 0; at < part.byteLength; at += checksumSliceBytes) {
        const bytes = part.subarray(at, at + checksumSliceBytes);
        checksum = crc32c(bytes, checksum);
        slice += bytes.byteLength;
        if (slice < checksumSliceBytes) continue;
        slice = 0;
        await this.#context.runtime.clock.sleep(0);
      }
    }
    return checksum;
  }

  #take(bytes: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let left = bytes;
    while (left > 0) {
      const part = this.#buffered.shift();
      assert(part !== undefined, "no more is taken than is buffered");
      taken.push(part.subarray(0, left));
      if (part.byteLength > left) this.#buffered.unshift(part.subarray(left));
      left -= Math.min(left, part.byteLength);
    }
    this.#bufferedBytes -= bytes;
    return taken;
  }

  async #compose(objectKey: string, call: Call): Promise<void> {
    const { objects } = this.#context;
    assert(objects.compose !== undefined, "pieces are only made where the store composes");
    await objects.compose(objectKey, this.#composed, this.#within(call));
    // The copies themselves are the store's word; that none is missing or twice there shows at the end.
    const around = { start: this.#bytes - 1, end: this.#bytes + 1 };
    const end = await objects.get(objectKey, this.#within(call), around);
    if (end?.byteLength === 1) return;
    throw new LogError("CorruptObject", `segment ${objectKey} is not as long as what it was composed of`, {
      details: { objectKey, bytes: this.#bytes },
    });
  }

  #addPart(part: ComposePart): void {
    const bytes = part.range.end - part.range.start;
    this.#composed.push(part);
    this.#bytesCopied += bytes;
    this.#bytes += bytes;
  }

  #newName(): SegmentName {
    const { ref, base, end, stamp } = this.#destination;
    return { ...ref, base, end, stamp, unique: randomName(this.#context.runtime.random, 12) };
  }

  #within(call: Call): Call {
    return callWithin(this.#context.runtime.clock, serviceCallMsDefault, call);
  }
}
