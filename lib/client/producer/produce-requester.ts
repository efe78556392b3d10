import type { Appended, PartitionResult, ProducePart } from "../../api/record-types.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { recordBytes } from "../../records/encode-record.ts";
import type { Connection } from "../connection.ts";
import type { Backoff } from "../retry.ts";
import { missingPartition, type TopicMetadata } from "../topic-metadata.ts";
import { classifyAnswer, produceError } from "./classify-answer.ts";
import type { PartitionStream } from "./partition-stream.ts";
import type { PendingBatch } from "./pending-batch.ts";
import type { ProducerSettings } from "./producer-options.ts";
import type { Outcome, Slot } from "./queue-types.ts";

/** A batch in a request, and where it comes from. */
export interface SendingPart {
  readonly stream: PartitionStream;
  readonly slot: Slot<PendingBatch>;
}

export interface ProduceRequesterOptions {
  readonly connection: Connection;
  readonly metadata: TopicMetadata;
  readonly settings: ProducerSettings;
  readonly backoff: Backoff;
}

type Answer = PartitionResult<Appended> | { readonly ok: false; readonly error: unknown };

/** Sends one produce request and says what its answer means for each batch. Never rejects, never repeats. */
export class ProduceRequester {
  readonly #options: ProduceRequesterOptions;
  readonly #stopped = new AbortController();
  #requestBytes: number;

  constructor(options: ProduceRequesterOptions) {
    this.#options = options;
    this.#requestBytes = options.settings.requestBytes;
  }

  /** What a request should not exceed; shrinks when the server takes less. */
  get requestBytes(): number {
    return this.#requestBytes;
  }

  /** Stops waiting for answers. */
  stop(): void {
    this.#stopped.abort();
  }

  /** One outcome per part, in their order. */
  async send(parts: readonly SendingPart[]): Promise<Outcome<PendingBatch>[]> {
    const answers = await this.#answers(parts);
    return Promise.all(parts.map((part, at) => this.#outcome(part, answers[at] as Answer, parts.length)));
  }

  async #answers(parts: readonly SendingPart[]): Promise<readonly Answer[]> {
    const { settings, connection } = this.#options;
    try {
      const partitions = await Promise.all(parts.map((part) => this.#encoded(part)));
      if (settings.acks === 0) for (const { slot } of parts) slot.batch.acknowledge(-1, -1);
      const reply = await connection.request(
        "produce",
        (service, context) => service.produce(context, { acks: settings.acks, partitions }),
        { timeoutMs: this.#timeoutMs(parts), signal: this.#stopped.signal },
      );
      return parts.map(({ slot }, at) => checkedAnswer(slot.batch, reply.partitions[at]));
    } catch (error) {
      this.#fitRequests(error, parts);
      return parts.map(() => ({ ok: false, error }));
    }
  }

  async #encoded({ slot }: SendingPart): Promise<ProducePart> {
    const { batch, producer } = slot;
    const { codecs } = this.#options.connection.runtime;
    const records = await batch.encodedFor(producer, this.#options.settings.compression, codecs);
    return { topic: batch.topic, partition: batch.partition, records };
  }

  // No longer than the first of its batches may take: what is past its time is reported, not waited for.
  #timeoutMs(parts: readonly SendingPart[]): number {
    const nowMs = this.#options.connection.runtime.clock.monotonicMs();
    const leftMs = parts.map(({ slot }) => slot.batch.deadlineMs - nowMs);
    return Math.max(1, Math.min(this.#options.settings.requestTimeoutMs, ...leftMs));
  }

  async #outcome(part: SendingPart, answer: Answer, partCount: number): Promise<Outcome<PendingBatch>> {
    const { settings, connection, backoff } = this.#options;
    // Nobody waits for an answer with acks 0, and nothing is sent again.
    if (settings.acks === 0) return { kind: "appended", baseOffset: -1, appendTimeMs: -1 };
    if (answer.ok) return classifyAnswer(answer, { idempotent: settings.idempotent, retryAtMs: 0 });
    const error = produceError(answer.error);
    if (isTooLarge(error, partCount) && part.slot.batch.recordCount > 1) {
      return { kind: "replaced", error, by: part.slot.batch.halves(recordBytes) };
    }
    const missing = isLogError(error, "UnknownTopicOrPartition", "UnknownTopicId")
      ? await this.#missing(part)
      : undefined;
    if (missing !== undefined) return { kind: "refused", error: missing };
    const retryAtMs = connection.runtime.clock.monotonicMs() + backoff(part.slot.attempts, error);
    if (isTooLarge(error, partCount) || !isLogError(error, "RequestTooLarge")) {
      return classifyAnswer({ ok: false, error }, { idempotent: settings.idempotent, retryAtMs });
    }
    return { kind: "busy", error, retryAtMs };
  }

  // A server may not know a topic yet, or no longer: the topic itself is asked before anything is given up.
  async #missing({ slot }: SendingPart): Promise<LogError | undefined> {
    const { topic, partition } = slot.batch;
    try {
      const { partitions } = await this.#options.metadata.load(topic, {
        autoCreate: this.#options.settings.autoCreateTopics,
      });
      return partition < partitions ? undefined : missingPartition(topic, partition, partitions);
    } catch (error) {
      return isLogError(error, "UnknownTopicOrPartition") ? error : undefined;
    }
  }

  #fitRequests(error: unknown, parts: readonly SendingPart[]): void {
    if (!isLogError(error, "RequestTooLarge") || parts.length === 1) return;
    const bytes = parts.reduce((sum, { slot }) => sum + slot.batch.bytes, 0);
    this.#requestBytes = Math.max(1, Math.min(this.#requestBytes, Math.floor(bytes / 2)));
  }
}

function isTooLarge(error: LogError, partCount: number): boolean {
  return error.code === "RecordTooLarge" || (error.code === "RequestTooLarge" && partCount === 1);
}

function checkedAnswer({ topic, partition }: PendingBatch, answer: PartitionResult<Appended> | undefined): Answer {
  if (answer?.topic === topic && answer.partition === partition) return answer;
  const message = `the answer to a produce request says nothing of ${topic}-${partition}`;
  return { ok: false, error: new LogError("UnknownServerError", message, { effect: "unknown" }) };
}
