import type { Fetched, FetchPart, FetchReply, FetchRequest } from "../../api/record-types.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { requestPartitionsMax } from "../../base/limits.ts";
import type { Connection } from "../connection.ts";
import { missingTopic } from "../topic-metadata.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import type { ConsumerSettings } from "./consumer-options.ts";

/** Fetches under way at a time: one may wait for news while others bring what is there. */
const FETCHES_MAX = 3;
/** No fetch with less room: a trickle of small answers costs more than it saves memory. */
const FETCH_BYTES_MIN = 64 * 1024;
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
  #underWay = 0;
  #reservedBytes = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Starts a fetch for whatever may be fetched now. */
  launch(partitions: Set<AssignedPartition>): void {
    if (this.#underWay >= FETCHES_MAX) return;
    const nowMs = this.#options.connection.runtime.clock.monotonicMs();
    const ready = [...partitions].filter((partition) => this.#isReady(partition, nowMs)).slice(0, requestPartitionsMax);
    if (ready.length === 0) return;
    const { fetchBytes, partitionBytes, bufferBytes } = this.#options.settings;
    let bufferedBytes = this.#reservedBytes;
    for (const partition of partitions) bufferedBytes += partition.bufferedBytes;
    const freeBytes = bufferBytes - bufferedBytes;
    // With nothing buffered one fetch always goes, however small the buffer was made.
    if (freeBytes < Math.min(FETCH_BYTES_MIN, bufferBytes / 4) && bufferedBytes > 0) return;
    const maxBytes = Math.min(fetchBytes, partitionBytes * ready.length, freeBytes);
    const asked = ready.map((partition): Asked => {
      partition.fetching = true;
      const { topic, partition: number, fetchOffset: offset, version } = partition;
      return { partition, version, part: { topic, partition: number, offset, maxBytes: partitionBytes } };
    });
    void this.#fetch(partitions, asked, maxBytes);
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
      if (answer?.ok) this.#receive(partitions, partition, answer, againAtMs);
      else this.#failed(partition, outcome instanceof LogError ? outcome : (answer?.error ?? noAnswer()));
    });
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
