import type { Timer } from "../../base/clock.ts";
import type { LogError } from "../../base/errors.ts";
import { requestPartitionsMax } from "../../base/limits.ts";
import type { RecordData } from "../../records/record-data.ts";
import type { Connection } from "../connection.ts";
import { jitteredBackoff } from "../retry.ts";
import type { TopicMetadata } from "../topic-metadata.ts";
import type { BufferMemory } from "./buffer-memory.ts";
import { deliveryError } from "./delivery-error.ts";
import { IdentitySource } from "./identity-source.ts";
import { PartitionStream } from "./partition-stream.ts";
import type { PendingBatch } from "./pending-batch.ts";
import { ProduceRequester, type SendingPart } from "./produce-requester.ts";
import type { ProducerSettings } from "./producer-options.ts";
import type { Publication } from "./publication.ts";
import type { Verdict } from "./queue-types.ts";

export interface SenderOptions {
  readonly connection: Connection;
  readonly metadata: TopicMetadata;
  readonly memory: BufferMemory;
  readonly settings: ProducerSettings;
  /** A batch of this partition takes no more records. */
  onBatchComplete(topic: string, partition: number): void;
}

/**
 * Takes records into batches and sends these: up to `maxInFlight` requests at a time, each with one batch per
 * partition, partitions in turn.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #requester: ProduceRequester;
  readonly #identities: IdentitySource;
  readonly #streams = new Map<string, Map<number, PartitionStream>>();
  /** Those with anything on its way; whoever was served goes to the end. */
  readonly #active = new Set<PartitionStream>();
  readonly #idleWaiters: (() => void)[] = [];
  #inFlight = 0;
  #flushes = 0;
  #abandoned = false;
  #pumpScheduled = false;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { connection, settings } = options;
    const backoff = jitteredBackoff({
      random: connection.runtime.random,
      firstMs: settings.retryBackoffMs,
      msMax: settings.retryBackoffMsMax,
    });
    this.#requester = new ProduceRequester({ ...options, backoff });
    this.#identities = new IdentitySource(connection, backoff, {
      onIdentity: () => this.#schedulePump(),
      onRefused: (error) => {
        for (const stream of this.#active) this.#report(stream.queue.refuseWaiting(error));
        this.#schedulePump();
      },
      isWanted: () => this.#active.size > 0,
    });
  }

  /** Whether nothing is on its way. */
  get isIdle(): boolean {
    return this.#active.size === 0 && this.#inFlight === 0;
  }

  append(
    place: { topic: string; partition: number },
    record: RecordData,
    bytes: number,
    by: Publication,
    index: number,
  ): void {
    const stream = this.#stream(place.topic, place.partition);
    const completed = stream.append(record, bytes, by, index, this.#nowMs());
    by.enqueued();
    this.#active.add(stream);
    if (completed) this.#options.onBatchComplete(stream.topic, stream.partition);
    this.#schedulePump();
  }

  /** Sends without lingering until `done` settles. */
  async hurryUntil(done: Promise<unknown>): Promise<void> {
    this.#flushes += 1;
    this.#schedulePump();
    await done;
    this.#flushes -= 1;
  }

  /** Sends without lingering, and resolves once nothing is on its way. */
  async drained(): Promise<void> {
    if (this.isIdle) return;
    await this.hurryUntil(new Promise<void>((resolve) => this.#idleWaiters.push(resolve)));
  }

  /** Sends what is buffered: somebody waits for the room that it takes. */
  hurry(): void {
    this.#schedulePump();
  }

  /** Gives up everything that is on its way. */
  abandon(error: LogError): void {
    this.#abandoned = true;
    for (const stream of this.#active) {
      stream.seal();
      this.#report(stream.queue.abandon(error));
    }
    this.#requester.stop();
    this.#schedulePump();
  }

  #stream(topic: string, partition: number): PartitionStream {
    let partitions = this.#streams.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#streams.set(topic, partitions);
    }
    let stream = partitions.get(partition);
    if (stream === undefined) {
      stream = new PartitionStream(topic, partition, this.#options.settings);
      partitions.set(partition, stream);
    }
    return stream;
  }

  // In a microtask, so that records published together travel together.
  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    const nowMs = this.#nowMs();
    for (const stream of this.#active) {
      this.#report(stream.queue.expire(nowMs));
      if (stream.isEmpty) this.#active.delete(stream);
    }
    while (this.#inFlight < this.#options.settings.maxInFlight) {
      const parts = this.#nextRequest(nowMs);
      if (parts.length === 0) break;
      void this.#send(parts);
    }
    this.#setTimer(nowMs);
    if (this.isIdle) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #nextRequest(nowMs: number): SendingPart[] {
    const parts: SendingPart[] = [];
    let bytes = 0;
    for (const stream of [...this.#active]) {
      const slot = this.#nextOf(stream, nowMs);
      if (slot === undefined) continue;
      if (parts.length >= requestPartitionsMax) break;
      if (parts.length > 0 && bytes + slot.batch.bytes > this.#requester.requestBytes) break;
      stream.queue.start(slot);
      parts.push({ stream, slot });
      bytes += slot.batch.bytes;
      this.#active.delete(stream);
      this.#active.add(stream);
    }
    return parts;
  }

  #nextOf(stream: PartitionStream, nowMs: number): SendingPart["slot"] | undefined {
    if (stream.isDue(nowMs, this.#flushes > 0 || this.#options.memory.isShort)) {
      stream.seal();
      this.#options.onBatchComplete(stream.topic, stream.partition);
      this.#report(stream.queue.expire(nowMs));
    }
    let decision = stream.queue.peek(nowMs);
    if (decision.kind === "identity") {
      const identity = this.#identities.identity(decision.staleProducerId);
      if (identity === undefined) return undefined;
      stream.queue.adopt({ producerId: identity.producerId, producerEpoch: identity.producerEpoch });
      decision = stream.queue.peek(nowMs);
    }
    return decision.kind === "send" ? decision.slot : undefined;
  }

  async #send(parts: readonly SendingPart[]): Promise<void> {
    this.#inFlight += 1;
    const outcomes = await this.#requester.send(parts);
    this.#inFlight -= 1;
    parts.forEach(({ stream, slot }, at) => {
      const outcome = outcomes[at];
      // What was abandoned meanwhile is no longer in its queue.
      if (outcome !== undefined && !this.#abandoned) this.#report(stream.queue.settle(slot, outcome));
      if (stream.isEmpty) this.#active.delete(stream);
    });
    this.#schedulePump();
  }

  #report(verdicts: readonly Verdict<PendingBatch>[]): void {
    for (const verdict of verdicts) {
      const { batch } = verdict;
      if (verdict.kind === "appended") batch.acknowledge(verdict.baseOffset, verdict.appendTimeMs);
      else batch.refuse(deliveryError(verdict));
      this.#options.memory.give(batch.bytes);
    }
  }

  #setTimer(nowMs: number): void {
    let wakeAtMs = Number.POSITIVE_INFINITY;
    for (const stream of this.#active) wakeAtMs = Math.min(wakeAtMs, stream.wakeAtMs(nowMs));
    if (wakeAtMs <= nowMs) wakeAtMs = Number.POSITIVE_INFINITY;
    if (wakeAtMs === this.#wakeAtMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakeAtMs = wakeAtMs;
    if (wakeAtMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#options.connection.runtime.clock.startTimer(wakeAtMs - nowMs, () => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#timer = undefined;
      this.#schedulePump();
    });
  }

  #nowMs(): number {
    return this.#options.connection.runtime.clock.monotonicMs();
  }
}
