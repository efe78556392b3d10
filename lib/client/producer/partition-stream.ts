import type { RecordData } from "../../records/record-data.ts";
import { PartitionQueue } from "./partition-queue.ts";
import { PendingBatch } from "./pending-batch.ts";
import type { ProducerSettings } from "./producer-options.ts";
import type { Publication } from "./publication.ts";

/** One partition's records on their way: the batch that still takes records, and the queue of complete ones. */
export class PartitionStream {
  readonly topic: string;
  readonly partition: number;
  readonly queue: PartitionQueue<PendingBatch>;
  readonly #settings: ProducerSettings;
  #open: PendingBatch | undefined;

  constructor(topic: string, partition: number, settings: ProducerSettings) {
    this.topic = topic;
    this.partition = partition;
    this.#settings = settings;
    const { idempotent, maxInFlight } = settings;
    this.queue = new PartitionQueue({ idempotent, windowMax: idempotent ? maxInFlight : 1 });
  }

  get isEmpty(): boolean {
    return this.#open === undefined && this.queue.isEmpty;
  }

  /** Adds a record; answers whether a batch became complete by it. */
  append(record: RecordData, bytes: number, publication: Publication, index: number, nowMs: number): boolean {
    const { batchBytes, deliveryTimeoutMs } = this.#settings;
    let completed = false;
    if (this.#open !== undefined && this.#open.bytes + bytes > batchBytes) completed = this.seal();
    this.#open ??= new PendingBatch({
      topic: this.topic,
      partition: this.partition,
      openedAtMs: nowMs,
      deadlineMs: nowMs + deliveryTimeoutMs,
    });
    this.#open.append(record, bytes, publication, index);
    // Another record of this size would not fit: complete now, so that the next one may choose its partition.
    if (this.#open.bytes + bytes > batchBytes) completed = this.seal();
    return completed;
  }

  /** Whether the open batch should go now: what could not be sent at once may as well take more records. */
  isDue(nowMs: number, hurry: boolean): boolean {
    if (this.#open === undefined) return false;
    if (nowMs >= this.#open.deadlineMs) return true;
    const { lingerMs } = this.#settings;
    if (!hurry && nowMs < this.#open.openedAtMs + lingerMs) return false;
    return this.queue.wouldStart(!hurry && lingerMs === 0);
  }

  /** Closes the open batch; answers whether there was one. */
  seal(): boolean {
    if (this.#open === undefined) return false;
    this.queue.add(this.#open);
    this.#open = undefined;
    return true;
  }

  /** When to look again though nothing happened. */
  wakeAtMs(nowMs: number): number {
    const wakeAtMs = Math.min(this.queue.wakeAtMs(nowMs), this.#open?.deadlineMs ?? Number.POSITIVE_INFINITY);
    const lingersUntilMs = (this.#open?.openedAtMs ?? Number.POSITIVE_INFINITY) + this.#settings.lingerMs;
    return lingersUntilMs > nowMs ? Math.min(wakeAtMs, lingersUntilMs) : wakeAtMs;
  }
}
