import type { Fetched } from "../../api/record-types.ts";
import { callWithin, settleWithin } from "../../base/call.ts";
import { messageOf } from "../../base/errors.ts";
import type { Connection } from "../connection.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import { type ReadRange, readRangeByFetch, SegmentDownload, type UnderWay } from "./segment-download.ts";

/** After trouble no addresses are asked for, ms: most likely the object store cannot be reached from here. */
const PAUSE_MS = 60_000;

export interface DownloadsOptions {
  readonly connection: Connection;
  readonly enabled: boolean;
  /** Of one read. */
  readonly timeoutMs: number;
  readonly stopped: AbortSignal;
}

/**
 * A consumer's own reading of segments, of which the server gives it the address when it is far behind. Whatever goes
 * wrong, records come by the server again from where the reader stands: nothing is passed over.
 */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #readRange: ReadRange;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: DownloadsOptions, readRange = readRangeByFetch) {
    this.#options = options;
    this.#readRange = readRange;
  }

  /** Whether to ask for an address in place of records. */
  isWanted(partition: AssignedPartition): boolean {
    return this.#options.enabled && !partition.wantsRecords && this.#nowMs() >= this.#notBeforeMs;
  }

  /** What is being read of a partition, if its address is still good. */
  of(partition: AssignedPartition): UnderWay | undefined {
    if (partition.download?.download.hasExpired === true) partition.download = undefined;
    return partition.download;
  }

  begin(partition: AssignedPartition, { records: _, segment, ...told }: Fetched): void {
    if (segment === undefined) return;
    const download = new SegmentDownload({ segment, readRange: this.#readRange, nowMs: () => this.#nowMs() });
    if (download.hasExpired) partition.wantsRecords = true;
    else partition.download = { download, told };
  }

  /** The next batches of a partition's segment; undefined when it could not be read. */
  async next({ download, told }: UnderWay, bytes: number): Promise<Fetched | undefined> {
    const { connection, timeoutMs, stopped } = this.#options;
    const { clock, logger } = connection.runtime;
    const over = new AbortController();
    const call = { ...callWithin(clock, timeoutMs), signal: stopped };
    try {
      const reading = download.next(bytes, AbortSignal.any([stopped, over.signal]));
      return { ...told, records: await settleWithin(clock, call, "reading a segment", reading) };
    } catch (error) {
      this.#notBeforeMs = this.#nowMs() + PAUSE_MS;
      if (!stopped.aborted) logger.info("a segment is read by the server instead", { reason: messageOf(error) });
      return undefined;
    } finally {
      over.abort();
    }
  }

  /** What follows is asked for anew, unless there is more of the segment. */
  settle(partition: AssignedPartition, { download }: UnderWay, brought: Fetched | undefined): void {
    if (brought !== undefined && !download.isOver) return;
    partition.download = undefined;
    // In a gap at a segment's end the address of the same segment would be the answer, again and again.
    partition.wantsRecords = !download.reachedEnd;
  }

  #nowMs(): number {
    return this.#options.connection.runtime.clock.monotonicMs();
  }
}
