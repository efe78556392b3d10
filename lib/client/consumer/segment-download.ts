import type { Fetched, SegmentAddress } from "../../api/record-types.ts";
import { LogError } from "../../base/errors.ts";
import { messageBytesMax } from "../../base/limits.ts";
import { BATCH_HEADER_BYTES, endOffsetOf, readBatchHeader } from "../../records/batch-header.ts";
import { checkBatchCrc } from "../../records/check-batch.ts";
import { splitCompleteBatches } from "../../records/split-batches.ts";

/** Reads a range of an address: `fetch`, or what stands in for it. */
export type ReadRange = (
  url: string,
  range: { start: number; end: number },
  signal: AbortSignal,
) => Promise<Uint8Array>;

/** An address may be used until so long before its end, ms: a request under way is to finish. */
const EXPIRY_MS = 10_000;

export interface DownloadOptions {
  readonly segment: SegmentAddress;
  readonly readRange: ReadRange;
  readonly nowMs: () => number;
}

/** What a partition is being read from, and what the server told beside its address. */
export interface UnderWay {
  readonly download: SegmentDownload;
  readonly told: Omit<Fetched, "records" | "segment">;
}

/**
 * The rest of a segment, read piece by piece from its address. Trusts nothing: every batch must be whole, of the right
 * checksum, and stand at the offset that follows. Any trouble is an error; whoever reads asks a broker then, who knows
 * whether the log has moved on.
 */
export class SegmentDownload {
  readonly #segment: SegmentAddress;
  readonly #readRange: ReadRange;
  readonly #nowMs: () => number;
  readonly #untilMs: number;
  /** No offset is missing between two batches. */
  readonly #dense: boolean;
  #position: number;
  /** Where the next batch stands; in a segment with gaps, at or after this. */
  #expected: number;

  constructor({ segment, readRange, nowMs }: DownloadOptions) {
    this.#segment = segment;
    this.#readRange = readRange;
    this.#nowMs = nowMs;
    this.#untilMs = nowMs() + segment.expiresInMs - EXPIRY_MS;
    this.#dense = segment.records === segment.endOffset - segment.baseOffset;
    this.#position = segment.position;
    this.#expected = segment.positionOffset;
  }

  /** Then another one is to be asked for. */
  get hasExpired(): boolean {
    return this.#nowMs() > this.#untilMs;
  }

  get isOver(): boolean {
    return this.#position >= this.#segment.bytes;
  }

  /** Whether all offsets of the segment were there; else the log has to be asked what follows its last batch. */
  get reachedEnd(): boolean {
    return this.isOver && this.#expected === this.#segment.endOffset;
  }

  /** The next batches, about so many bytes of them and one at least, as one view after the other of what was read. */
  async next(bytes: number, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    let read = await this.#read(Math.max(bytes, BATCH_HEADER_BYTES), signal);
    let complete = splitCompleteBatches(read);
    if (complete.batches.length === 0) {
      const { nextBytes } = complete;
      if (nextBytes === undefined || nextBytes > messageBytesMax || nextBytes <= read.byteLength) {
        throw trouble("a batch of it is cut off");
      }
      read = await this.#read(nextBytes, signal);
      complete = splitCompleteBatches(read);
      if (complete.batches.length === 0) throw trouble("a batch of it is cut off");
    }
    for (const batch of complete.batches) this.#check(batch);
    return complete.batches;
  }

  async #read(bytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const start = this.#position;
    const end = Math.min(this.#segment.bytes, start + bytes);
    const read = await this.#readRange(this.#segment.url, { start, end }, signal);
    if (read.byteLength !== end - start) throw trouble(`${end - start} bytes were asked for, ${read.byteLength} came`);
    return read;
  }

  #check(batch: Uint8Array): void {
    const header = readBatchHeader(batch);
    checkBatchCrc(batch, header);
    const { baseOffset } = header;
    const follows = this.#dense ? baseOffset === this.#expected : baseOffset >= this.#expected;
    const endOffset = endOffsetOf(header);
    if (!follows || endOffset > this.#segment.endOffset)
      throw trouble(`a batch at ${baseOffset} does not belong there`);
    this.#expected = endOffset;
    this.#position += batch.byteLength;
  }
}

/** Over the platform's `fetch`. Redirects are not followed. */
export const readRangeByFetch: ReadRange = async (url, { start, end }, signal) => {
  const headers = { range: `bytes=${start}-${end - 1}` };
  const answer = await fetch(url, { headers, signal, redirect: "error" });
  if (answer.status !== 206) {
    await answer.body?.cancel();
    throw trouble(`the object store answered ${answer.status}`);
  }
  return new Uint8Array(await answer.arrayBuffer());
};

function trouble(what: string): LogError {
  return new LogError("CorruptMessage", `a segment could not be read at its address: ${what}`);
}
