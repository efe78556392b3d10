import type { Call } from "../../base/call.ts";
import { backlogReadBytes } from "../../base/limits.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import { blockEnd, loadAhead, segmentRange } from "./segment-blocks.ts";

const WINDOW_BYTES_MIN = 64 * 1024;

/** Bytes of a segment from a place on. */
export interface SegmentWindow {
  readonly end: number;
  /** Undefined when the store has fewer. */
  readonly bytes: Uint8Array | undefined;
}

interface Reading {
  readonly start: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array | undefined>;
}

/**
 * Reads a segment in windows: while one is being checked, the next that the same reader will need is on its way.
 * No more than one is, so that a reader holds no more than it has asked for.
 */
export class SegmentWindows {
  readonly #context: LogContext;
  readonly #segment: SegmentReference;
  /** Undefined in blocks, which the cache keeps for whoever comes. */
  #ahead: Reading | undefined;
  #memory: Uint8Array | undefined;

  /** Each window is put into the memory, where one is given: for whoever keeps nothing of the one before. */
  constructor(context: LogContext, segment: SegmentReference, memory?: Uint8Array) {
    this.#context = context;
    this.#segment = segment;
    this.#memory = memory;
  }

  /** The window at `position`, which lies in the segment, of a reader that wants so many bytes in all. */
  async from(position: number, wanted: number, call: Call): Promise<SegmentWindow> {
    const context = this.#context;
    const most = Math.min(this.#segment.bytes, position + Math.max(wanted, WINDOW_BYTES_MIN));
    if (context.settings.readBlockBytes > 0) {
      loadAhead(context, this.#segment, { position, wanted }, call);
      const end = Math.min(most, blockEnd(context, this.#segment, position));
      return { end, bytes: await segmentRange(context, this.#segment, { start: position, end }, call) };
    }
    if (this.#memory !== undefined && most - position <= this.#memory.byteLength) {
      return { end: most, bytes: await this.#intoMemory(position, most, call) };
    }
    const reading = this.#ahead?.start === position ? this.#ahead : this.#read(position, most, call);
    this.#ahead = reading.end < most ? this.#read(reading.end, most, call) : undefined;
    // Whoever comes for it hears of it.
    this.#ahead?.bytes.catch(() => undefined);
    return { end: reading.end, bytes: await reading.bytes };
  }

  async #intoMemory(start: number, end: number, call: Call): Promise<Uint8Array | undefined> {
    const bytes = await segmentRange(this.#context, this.#segment, { start, end }, call, this.#memory);
    if (bytes?.buffer !== this.#memory?.buffer) this.#memory = undefined;
    return bytes;
  }

  #read(start: number, most: number, call: Call): Reading {
    const end = windowEnd(this.#segment, start, most);
    return { start, end, bytes: segmentRange(this.#context, this.#segment, { start, end }, call) };
  }
}

/** About equal ones, as many as there are reads of a backlog in what is wanted; all but the last end with a batch. */
function windowEnd({ marks }: SegmentReference, start: number, most: number): number {
  const count = Math.floor((most - start) / backlogReadBytes);
  if (count <= 1) return most;
  const even = start + Math.ceil((most - start) / count);
  const mark =
    marks.findLast(({ position }) => position > start && position <= even) ??
    marks.find(({ position }) => position > even);
  return Math.min(most, mark?.position ?? most);
}
