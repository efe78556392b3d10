import type { Anomaly, PromiseName } from "./anomaly.ts";
import { crcOf, isSameBatch, type SentBatch } from "./sent-batch.ts";
import type { Trace } from "./trace.ts";

/** Of one promise: one mistake often shows in many places. */
const ANOMALIES_KEPT = 10;

/** What observers have learnt of one partition of one life of a topic. */
export interface KnownPartition {
  readonly topic: string;
  readonly partition: number;
  /** Batches by the base offset at which they were acknowledged or read. */
  readonly batches: Map<number, SentBatch>;
  /** Batches that were sent while it surely lived. */
  readonly sent: SentBatch[];
  /** When the creation of its topic was asked for. */
  readonly creatingAtMs: number;
  /** The highest watermark or end of an acknowledged batch that somebody was told. */
  end: number;
  logStart: number;
}

interface TopicLife {
  number: number;
  /** When its creation was first asked for. */
  creatingAtMs: number;
  /** From the answer to its creation until somebody asks for its deletion. */
  open: boolean;
  /** A deletion or creation may still take effect at any time: nothing is known of when it lives. */
  murky: boolean;
}

/** Everything that clients have seen in a run, judged as it comes in where that is possible. */
export class History {
  readonly anomalies: Anomaly[] = [];
  readonly batches: SentBatch[] = [];
  readonly #byCrc = new Map<number, SentBatch[]>();
  readonly #lives = new Map<string, TopicLife>();
  readonly #partitions = new Map<string, KnownPartition>();
  readonly #shrinking = new Set<string>();
  readonly #starts = new Map<string, number>();
  readonly #trace: Trace;
  readonly #nowMs: () => number;

  constructor(trace: Trace, nowMs: () => number) {
    this.#trace = trace;
    this.#nowMs = nowMs;
  }

  report(promise: PromiseName, what: string): void {
    const kept = this.anomalies.filter((anomaly) => anomaly.promise === promise).length;
    if (kept < ANOMALIES_KEPT) this.anomalies.push({ promise, what, atMs: this.#nowMs() });
    this.#trace.note("CHECKER", `${promise} broken: ${what}`);
  }

  sent(batch: SentBatch): void {
    this.batches.push(batch);
    this.known(batch.topic, batch.partition)?.sent.push(batch);
    const crc = crcOf(batch.bytes);
    const same = this.#byCrc.get(crc);
    if (same === undefined) this.#byCrc.set(crc, [batch]);
    else same.push(batch);
  }

  /** The batch that these stored bytes are; undefined when nobody has sent them. */
  find(stored: Uint8Array): SentBatch | undefined {
    return this.#byCrc.get(crcOf(stored))?.find((batch) => isSameBatch(batch.bytes, stored));
  }

  decide(batch: SentBatch, outcome: "acknowledged" | "refused" | "unknown", baseOffset?: number): void {
    batch.outcome = outcome;
    batch.completedAtMs = this.#nowMs();
    batch.baseOffset = baseOffset;
    const at = baseOffset === undefined ? "" : ` at ${baseOffset}`;
    this.#trace.note(batch.client, `${batch.name} to ${batch.topic}-${batch.partition} is ${outcome}${at}`);
  }

  topicCreating(topic: string): void {
    this.#life(topic).creatingAtMs = this.#nowMs();
  }

  topicOpened(topic: string): void {
    const life = this.#life(topic);
    life.number += 1;
    life.open = true;
  }

  topicEnding(topic: string): void {
    this.#life(topic).open = false;
  }

  topicMurky(topic: string): void {
    this.#life(topic).murky = true;
    this.#life(topic).open = false;
  }

  isMurky(topic: string): boolean {
    return this.#life(topic).murky;
  }

  /** What is known of the partition now, if its topic surely lives. The same object means the same life. */
  known(topic: string, partition: number): KnownPartition | undefined {
    const life = this.#life(topic);
    if (!life.open || life.murky) return undefined;
    const name = `${topic}/${life.number}/${partition}`;
    const found = this.#partitions.get(name);
    if (found !== undefined) return found;
    const made: KnownPartition = {
      topic,
      partition,
      batches: new Map(),
      sent: [],
      creatingAtMs: life.creatingAtMs,
      end: 0,
      logStart: 0,
    };
    this.#partitions.set(name, made);
    return made;
  }

  /** Retention lets go of the topic's records as it likes. */
  topicShrinks(topic: string): void {
    this.#shrinking.add(topic);
  }

  /** Somebody has asked for the log to start here. Late requests count for every life of the topic. */
  mayStartAt(place: { readonly topic: string; readonly partition: number }, offset: number): void {
    const name = `${place.topic}/${place.partition}`;
    this.#starts.set(name, Math.max(this.#starts.get(name) ?? 0, offset));
  }

  /** No log start may be above. */
  latestStart({ topic, partition }: { readonly topic: string; readonly partition: number }): number {
    return this.#shrinking.has(topic) ? Number.POSITIVE_INFINITY : (this.#starts.get(`${topic}/${partition}`) ?? 0);
  }

  /** A batch was acknowledged or read at an offset: no other may ever have been. */
  placed(known: KnownPartition, baseOffset: number, batch: SentBatch, how: string): void {
    const other = known.batches.get(baseOffset);
    if (other !== undefined && other !== batch) {
      const where = `${known.topic}-${known.partition} offset ${baseOffset}`;
      this.report("OffsetUnique", `${where} was ${other.name}, then ${how} as ${batch.name}`);
    }
    known.batches.set(baseOffset, batch);
    known.end = Math.max(known.end, baseOffset + batch.records);
  }

  #life(topic: string): TopicLife {
    const found = this.#lives.get(topic);
    if (found !== undefined) return found;
    const made = { number: 0, creatingAtMs: 0, open: false, murky: false };
    this.#lives.set(topic, made);
    return made;
  }
}
