import type { TopicPartition } from "../../api/record-types.ts";
import type { Clock } from "../../base/clock.ts";
import { LogError } from "../../base/errors.ts";
import type { ConsumerRecord } from "../consumer/consumer-record.ts";
import { placeOf } from "./group-partition.ts";
import type { Progress } from "./progress.ts";

export interface HandlerContext {
  /** Aborts when the partition has been taken away: what the handler does from then on another member does too. */
  readonly signal: AbortSignal;
}

export type Handler =
  | { readonly eachRecord: (record: ConsumerRecord, context: HandlerContext) => unknown }
  /** Records of one partition, in order. */
  | { readonly eachBatch: (records: readonly ConsumerRecord[], context: HandlerContext) => unknown };

export type RunOptions = Handler & {
  /** Partitions that are worked on at a time. Default 1. */
  readonly concurrency?: number | undefined;
  /** The most that is taken at a time, and so the largest batch. Default 500. */
  readonly maxRecords?: number | undefined;
  /** Ends the run, when the handlers that are at work are done. */
  readonly signal?: AbortSignal | undefined;
};

export interface LaneOptions {
  readonly handler: Handler;
  /** Partitions that are worked on at a time. */
  readonly concurrency: number;
  readonly progress: Progress;
  readonly clock: Clock;
  /** Whether what was taken still is this member's, for all it knows. */
  mayBegin(): boolean;
  /** A partition is done with, or a handler failed. */
  onChange(): void;
  /** These were taken, and are to come again. */
  giveBack(records: readonly ConsumerRecord[]): void;
}

interface Lane {
  readonly place: string;
  readonly records: readonly ConsumerRecord[];
  readonly lost: AbortController;
  next: number;
  /** No further record is begun. */
  isClosed: boolean;
  /** The application has sought elsewhere: what it does here is no progress. */
  isMoot: boolean;
  /** What it does not begin is given back. */
  isPaused: boolean;
  busySinceMs: number | undefined;
  finished: Promise<void> | undefined;
}

/** Hands records to the application's handler: those of one partition one after another, partitions side by side. */
export class RecordLanes {
  readonly #options: LaneOptions;
  /** Of what is not done with, in the order of coming. */
  readonly #lanes = new Map<string, Lane>();
  /** Whose partition was taken away while the handler was at work. */
  readonly #lost = new Set<Lane>();
  #working = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Whether more records could be worked on at once. */
  get hasRoom(): boolean {
    return this.#failure === undefined && this.#lanes.size < this.#options.concurrency;
  }

  /** Whether a handler is still at work on what is somebody else's. */
  get hasLost(): boolean {
    return this.#lost.size > 0;
  }

  isHeld(place: TopicPartition): boolean {
    return this.#lanes.has(placeOf(place));
  }

  /** Since when the slowest handler has been at work. */
  busySinceMs(): number | undefined {
    let since: number | undefined;
    for (const { busySinceMs } of this.#lanes.values()) {
      if (busySinceMs !== undefined) since = Math.min(since ?? busySinceMs, busySinceMs);
    }
    return since;
  }

  /** Of partitions that are not held. */
  dispatch(records: readonly ConsumerRecord[]): void {
    this.#options.progress.hold(records);
    for (const [place, ofPlace] of Map.groupBy(records, placeOf)) {
      const lost = new AbortController();
      const state = { next: 0, isClosed: false, isMoot: false, isPaused: false };
      const work = { busySinceMs: undefined, finished: undefined };
      this.#lanes.set(place, { place, records: ofPlace, lost, ...state, ...work });
    }
    this.#start();
  }

  /** Begins nothing more of these; resolves when what is begun is over. */
  async release(partitions: readonly TopicPartition[]): Promise<void> {
    const lanes = partitions.flatMap((partition) => this.#lanes.get(placeOf(partition)) ?? []);
    for (const lane of lanes) this.#close(lane);
    await Promise.all(lanes.map(({ finished }) => finished));
  }

  abandon(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const lane = this.#lanes.get(placeOf(partition));
      if (lane === undefined) continue;
      this.#close(lane);
      this.#lanes.delete(lane.place);
      if (lane.finished !== undefined) this.#lost.add(lane);
      const message = `${lane.place} was taken away from this consumer`;
      lane.lost.abort(new LogError("UnknownMemberId", message, { details: { place: lane.place } }));
    }
  }

  /** The application goes on elsewhere in these. */
  skip(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const lane = this.#lanes.get(placeOf(partition));
      if (lane === undefined) continue;
      lane.isMoot = true;
      this.#close(lane);
    }
  }

  /** Begins nothing more of these; what is not begun comes again later. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const lane = this.#lanes.get(placeOf(partition));
      if (lane === undefined || lane.isMoot) continue;
      if (lane.finished === undefined) this.#options.giveBack(lane.records);
      lane.isPaused = true;
      this.#close(lane);
    }
  }

  /** Begins nothing more; resolves, when what is begun is over, to what was not worked on. */
  async drain(): Promise<ConsumerRecord[]> {
    const lanes = [...this.#lanes.values()];
    for (const lane of lanes) this.#close(lane);
    await Promise.all([...lanes, ...this.#lost].map(({ finished }) => finished));
    return lanes
      .filter(({ isMoot, lost }) => !isMoot && !lost.signal.aborted)
      .flatMap(({ records, next }) => records.slice(next));
  }

  #close(lane: Lane): void {
    lane.isClosed = true;
    if (lane.finished === undefined) this.#lanes.delete(lane.place);
  }

  #start(): void {
    for (const lane of this.#lanes.values()) {
      if (this.#working >= this.#options.concurrency || this.#failure !== undefined) return;
      if (lane.finished !== undefined) continue;
      this.#working += 1;
      lane.finished = this.#work(lane);
    }
  }

  async #work(lane: Lane): Promise<void> {
    const { clock, progress } = this.#options;
    try {
      while (this.#failure === undefined && lane.next < lane.records.length && this.#mayBegin(lane)) {
        lane.busySinceMs = clock.monotonicMs();
        const handled = await this.#handle(lane);
        lane.busySinceMs = undefined;
        if (lane.isMoot || lane.lost.signal.aborted) return;
        lane.next += handled.length;
        progress.finish(handled.at(-1) as ConsumerRecord);
      }
    } catch (error) {
      if (!lane.lost.signal.aborted) this.#failure ??= { error };
    } finally {
      this.#left(lane);
    }
  }

  #mayBegin(lane: Lane): boolean {
    if (!lane.isClosed && !this.#options.mayBegin()) {
      lane.isPaused = true;
      lane.isClosed = true;
    }
    return !lane.isClosed;
  }

  async #handle({ records, next, lost }: Lane): Promise<readonly ConsumerRecord[]> {
    const { handler } = this.#options;
    const context = { signal: lost.signal };
    const handled = "eachBatch" in handler ? records : records.slice(next, next + 1);
    if ("eachBatch" in handler) await handler.eachBatch(handled, context);
    else await handler.eachRecord(handled[0] as ConsumerRecord, context);
    return handled;
  }

  #left(lane: Lane): void {
    this.#working -= 1;
    this.#lost.delete(lane);
    if (lane.isPaused && !lane.isMoot && !lane.lost.signal.aborted) {
      this.#options.giveBack(lane.records.slice(lane.next));
    }
    if (this.#lanes.get(lane.place) === lane && (lane.isClosed || lane.next === lane.records.length)) {
      this.#lanes.delete(lane.place);
      const [first] = lane.records;
      if (lane.next === lane.records.length && first !== undefined) this.#options.progress.finishAll(first);
    }
    this.#start();
    this.#options.onChange();
  }
}
