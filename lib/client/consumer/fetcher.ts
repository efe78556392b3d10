import type { Fetched, FetchPart, FetchReply, FetchRequest } from "../../api/record-types.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { requestPartitionsMax } from "../../base/limits.ts";
import type { Connection } from "../connection.ts";
import { missingTopic } from "../topic-metadata.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import type { ConsumerSettings } from "./consumer-options.ts";
import { Downloads } from "./downloads.ts";
import type { UnderWay } from "./segment-download.ts";

/** Fetches under way at a time: one may wait for news while others bring what is there. */
const FETCHES_MAX = 3;
/** No fetch with less room: a trickle of small answers costs more than it saves memory. */
const FETCH_BYTES_MIN = 64 * 1024;
/** Of a segment at a time. */
const DOWNLOAD_BYTES = 4 * 1024 * 1024;
/** After an empty answer the next question waits so long since the last, in ms: a server need not make us wait. */
const EMPTY_INTERVAL_MS = 10;

export interface FetcherOptions {
  readonly connection: Connection;
  readonly settings: ConsumerSettings;
  readonly stopped: AbortSignal;
  /** Something arrived, or failed. */
  onChange(): void;
}

interface Asked {
  readonly partition: AssignedPartition;
  readonly version: number;
  readonly part: FetchPart;
}

/**
 * Fetches ahead of the application, within `bufferBytes`. Each partition is in at most one fetch at a time;
 * those that brought something go to the end of the line, so that a busy one does not starve the others.
 */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #downloads: Downloads;
  #underWay = 0;
  #reservedBytes = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
    const { connection, settings, stopped } = options;
    const { downloads: enabled, requestTimeoutMs: timeoutMs } = settings;
    this.#downloads = new Downloads({ connection, enabled, timeoutMs, stopped });
  }

  /** Starts a fetch for whatever may be fetched at this time. */
  launch(partitions: Set<AssignedPartition>, nowMs: number): void {
    const ready = [...partitions].filter((partition) => this.#isReady(partition, nowMs));
    const asking: AssignedPartition[] = [];
    for (const partition of ready) {
      const underWay = this.#downloads.of(partition);
      if (underWay === undefined) asking.push(partition);
      else this.#launchDownload(partitions, partition, underWay);
    }
    if (asking.length > 0) this.#launchFetch(partitions, asking.slice(0, requestPartitionsMax));
  }

  #launchFetch(partitions: Set<AssignedPartition>, ready: readonly AssignedPartition[]): void {
    const { fetchBytes, partitionBytes } = this.#options.settings;
    const room = this.#room(partitions);
    if (room === 0) return;
    const maxBytes = Math.min(fetchBytes, partitionBytes * ready.length, room);
    const asked = ready.map((partition): Asked => {
      partition.fetching = true;
      const { topic, partition: number, fetchOffset: offset, version } = partition;
      const readUrl = this.#downloads.isWanted(partition) ? { readUrl: true } : {};
      const part = { topic, partition: number, offset, maxBytes: partitionBytes, ...readUrl };
      return { partition, version, part };
    });
    void this.#fetch(partitions, asked, maxBytes);
  }

  #launchDownload(partitions: Set<AssignedPartition>, partition: AssignedPartition, underWay: UnderWay): void {
    const room = this.#room(partitions);
    if (room > 0) void this.#download(partitions, partition, underWay, Math.min(room, DOWNLOAD_BYTES));
  }

  /** Bytes that one more fetch may bring; 0 when none may go. */
  #room(partitions: Set<AssignedPartition>): number {
    if (this.#underWay >= FETCHES_MAX) return 0;
    const { bufferBytes } = this.#options.settings;
    let bufferedBytes = this.#reservedBytes;
    for (const partition of partitions) bufferedBytes += partition.bufferedBytes;
    const freeBytes = bufferBytes - bufferedBytes;
    // With nothing buffered one fetch always goes, however small the buffer was made.
    return freeBytes < Math.min(FETCH_BYTES_MIN, bufferBytes / 4) && bufferedBytes > 0 ? 0 : freeBytes;
  }

  #isReady(partition: AssignedPartition, nowMs: number): boolean {
    if (partition.paused || partition.fetching || partition.start !== undefined) return false;
    if (partition.failure !== undefined || partition.notBeforeMs > nowMs) return false;
    return partition.bufferedBytes < this.#options.settings.partitionBytes;
  }

  async #fetch(partitions: Set<AssignedPartition>, asked: readonly Asked[], maxBytes: number): Promise<void> {
    this.#underWay += 1;
    this.#reservedBytes += maxBytes;
    const againAtMs = this.#options.connection.runtime.clock.monotonicMs() + EMPTY_INTERVAL_MS;
    const outcome = await this.#ask({
      maxWaitMs: this.#options.settings.maxWaitMs,
      minBytes: this.#options.settings.minBytes,
      isolation: this.#options.settings.isolation,
      maxBytes,
      partitions: asked.map(({ part }) => part),
    });
    this.#underWay -= 1;
    this.#reservedBytes -= maxBytes;
    asked.forEach(({ partition, version }, at) => {
      partition.fetching = false;
      if (partition.version !== version) return;
      const answer = outcome instanceof LogError ? undefined : outcome.partitions[at];
      if (answer?.ok) this.#answered(partitions, partition, answer, againAtMs);
      else this.#failed(partition, outcome instanceof LogError ? outcome : (answer?.error ?? noAnswer()));
    });
    this.#options.onChange();
  }

  async #download(
    partitions: Set<AssignedPartition>,
    partition: AssignedPartition,
    underWay: UnderWay,
    bytes: number,
  ): Promise<void> {
    const { version } = partition;
    partition.fetching = true;
    this.#underWay += 1;
    this.#reservedBytes += bytes;
    const brought = await this.#downloads.next(underWay, bytes);
    this.#underWay -= 1;
    this.#reservedBytes -= bytes;
    partition.fetching = false;
    if (partition.version === version) {
      this.#downloads.settle(partition, underWay, brought);
      if (brought !== undefined) this.#receive(partitions, partition, brought, Number.NEGATIVE_INFINITY);
    }
    this.#options.onChange();
  }

  async #ask(request: FetchRequest): Promise<FetchReply | LogError> {
    const { connection, settings, stopped } = this.#options;
    try {
      const timeoutMs = settings.maxWaitMs + settings.requestTimeoutMs;
      return await connection.request("fetch", (service, context) => service.fetch(context, request), {
        timeoutMs,
        signal: stopped,
      });
    } catch (error) {
      return isLogError(error) ? error : new LogError("UnknownServerError", messageOf(error), { cause: error });
    }
  }

  #answered(
    partitions: Set<AssignedPartition>,
    partition: AssignedPartition,
    fetched: Fetched,
    againAtMs: number,
  ): void {
    if (fetched.segment !== undefined) {
      partition.failedAttempts = 0;
      this.#downloads.begin(partition, fetched);
      return;
    }
    partition.wantsRecords = false;
    this.#receive(partitions, partition, fetched, againAtMs);
  }

  #receive(
    partitions: Set<AssignedPartition>,
    partition: AssignedPartition,
    fetched: Fetched,
    againAtMs: number,
  ): void {
    const before = partition.fetchOffset;
    partition.failedAttempts = 0;
    partition.receive(fetched, this.#options.settings.isolation);
    if (partition.fetchOffset === before) partition.notBeforeMs = againAtMs;
    else if (partitions.delete(partition)) partitions.add(partition);
  }

  #failed(partition: AssignedPartition, error: LogError): void {
    partition.failedAttempts += 1;
    const { backoff, runtime } = this.#options.connection;
    partition.notBeforeMs = runtime.clock.monotonicMs() + backoff(partition.failedAttempts, error);
    if (error.code === "OffsetOutOfRange") this.#outOfRange(partition, error);
    else if (error.code === "UnknownTopicOrPartition" || error.code === "UnknownTopicId") {
      partition.failure = missingTopic(partition.topic, error);
    } else if (!error.retriable) partition.failure = error;
  }

  #outOfRange(partition: AssignedPartition, cause: LogError): void {
    const { topic, partition: number, fetchOffset: offset } = partition;
    const { onOutOfRange } = this.#options.settings;
    if (onOutOfRange !== "error") {
      this.#options.connection.runtime.logger.warn("position is out of range", { topic, partition: number, offset });
      partition.seek(onOutOfRange);
      return;
    }
    const message = `${topic}-${number}: offset ${offset} is not in the log (${cause.message}); seek to another one, or say in onOutOfRange where to go on`;
    partition.failure = new LogError("OffsetOutOfRange", message, {
      details: { ...cause.details, topic, partition: number, offset },
      cause,
    });
  }
}

function noAnswer(): LogError {
  return new LogError("UnknownServerError", "fetch: the answer leaves partitions out");
}
