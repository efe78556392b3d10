import { isLogError } from "../base/errors.ts";
import type { LogError, PublishOutcome, PublishRecord } from "../client/index.ts";
import type { Tally } from "./figures.ts";
import type { LineToRecord } from "./line-record.ts";

/** What may be on its way at a time: enough to keep several requests busy, and the bound of this command's memory. */
const undecidedBytesMax = 16 * 1024 * 1024;
/** What a short line costs in memory besides its bytes, about: a handful of objects here and in the producer. */
const recordOverheadBytes = 512;

/** The first line that did not become a record. */
export interface LineFailure {
  /** From 1. */
  readonly line: number;
  readonly error: LogError;
}

/** As much of a producer as publishes lines. */
export interface LineProducer {
  publish(topic: string, records: readonly PublishRecord<Uint8Array, Uint8Array>[]): Promise<unknown>;
}

export interface LinePublisherOptions {
  readonly producer: LineProducer;
  readonly topic: string;
  readonly toRecord: LineToRecord;
  /** Called whenever lines are decided, and at the first failure. */
  readonly onProgress: () => void;
}

/**
 * Publishes lines in their order, many at a time and without waiting for answers, while what is undecided fits
 * in memory. The first failure ends it: what is on its way is waited for, nothing more is taken.
 */
export class LinePublisher {
  readonly #options: LinePublisherOptions;
  readonly #undecided = new Set<Promise<void>>();
  #lineCount = 0;
  #undecidedCost = 0;
  #undecidedRecords = 0;
  #records = 0;
  #bytes = 0;
  #uncertainRecords = 0;
  #failure: LineFailure | undefined;

  constructor(options: LinePublisherOptions) {
    this.#options = options;
  }

  /** What is acknowledged; bytes of lines, without their ends. */
  get published(): Tally {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** Records that were sent, and nobody knows whether they are stored. */
  get uncertainRecords(): number {
    return this.#uncertainRecords;
  }

  get undecidedRecords(): number {
    return this.#undecidedRecords;
  }

  get failure(): LineFailure | undefined {
    return this.#failure;
  }

  /**
   * Takes lines, and waits while too much is on its way. Answers with the number of the line that has no
   * separator, if there is one: those before it are taken.
   */
  async publish(lines: readonly Uint8Array[]): Promise<number | undefined> {
    const records: PublishRecord<Uint8Array, Uint8Array>[] = [];
    const lengths: number[] = [];
    let separatorMissing = false;
    for (const line of lines) {
      const record = this.#options.toRecord(line);
      separatorMissing = record === undefined;
      if (record === undefined) break;
      records.push(record);
      lengths.push(line.byteLength);
    }
    if (records.length > 0 && this.#failure === undefined) this.#start(records, lengths);
    if (separatorMissing) return this.#lineCount + 1;
    while (this.#undecidedCost > undecidedBytesMax && this.#failure === undefined) {
      await Promise.race(this.#undecided);
    }
    return undefined;
  }

  /** Resolves when everything taken is decided. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#undecided);
  }

  #start(records: readonly PublishRecord<Uint8Array, Uint8Array>[], lengths: readonly number[]): void {
    const firstLine = this.#lineCount + 1;
    this.#lineCount += records.length;
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    const cost = bytes + records.length * recordOverheadBytes;
    this.#undecidedCost += cost;
    this.#undecidedRecords += records.length;
    const decided = this.#options.producer
      .publish(this.#options.topic, records)
      .then(
        () => this.#count(records.length, bytes),
        (error: unknown) => this.#fail(error, firstLine, lengths),
      )
      .then(() => {
        this.#undecidedCost -= cost;
        this.#undecidedRecords -= records.length;
        this.#undecided.delete(decided);
        this.#options.onProgress();
      });
    this.#undecided.add(decided);
  }

  #count(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
  }

  // Only part of a list may have failed: its outcomes tell which.
  #fail(error: unknown, firstLine: number, lengths: readonly number[]): void {
    if (!isLogError(error)) throw error;
    const outcomes = outcomesOf(error, lengths.length);
    outcomes.forEach((outcome, at) => {
      if (!isLogError(outcome)) this.#count(1, lengths[at] ?? 0);
      else if (outcome.effect === "unknown") this.#uncertainRecords += 1;
    });
    const failed = outcomes.findIndex((outcome) => isLogError(outcome));
    const line = firstLine + failed;
    if (this.#failure !== undefined && this.#failure.line < line) return;
    this.#failure = { line, error: outcomes[failed] as LogError };
  }
}

function outcomesOf(error: LogError, count: number): readonly PublishOutcome[] {
  const { outcomes } = error.details;
  if (Array.isArray(outcomes) && outcomes.length === count) return outcomes as readonly PublishOutcome[];
  return Array.from({ length: count }, () => error);
}
