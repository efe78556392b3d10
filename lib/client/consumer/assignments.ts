import type { TopicPartition } from "../../api/record-types.ts";
import { LogError } from "../../base/errors.ts";
import type { Connection } from "../connection.ts";
import { missingPartition, type TopicMetadata } from "../topic-metadata.ts";
import { AssignedPartition } from "./assigned-partition.ts";
import { type Assignment, type ConsumerSettings, checkFrom, checkPlace, type From } from "./consumer-options.ts";
import { resolveStarts } from "./resolve-starts.ts";

/** How long one preparation goes on while the server cannot be reached, in ms; the next poll begins another. */
const PREPARE_MS = 15_000;

interface WholeTopic {
  readonly from: From;
  /** On the monotonic clock; undefined until the topic's partitions are known. */
  lookedAtMs: number | undefined;
}

/** What is assigned by hand: partitions, and whole topics with the partitions that they have or get. */
export class Assignments {
  readonly #connection: Connection;
  readonly #metadata: TopicMetadata;
  readonly #settings: ConsumerSettings;
  readonly #topics = new Map<string, WholeTopic>();
  /** In the order in which they are served next. */
  readonly partitions = new Set<AssignedPartition>();

  constructor(connection: Connection, metadata: TopicMetadata, settings: ConsumerSettings) {
    this.#connection = connection;
    this.#metadata = metadata;
    this.#settings = settings;
  }

  get isEmpty(): boolean {
    return this.partitions.size === 0 && this.#topics.size === 0;
  }

  /** Replaces what is assigned. Partitions that stay keep their positions unless they are given a new one. */
  assign(assignments: readonly Assignment[]): void {
    const wanted = assignments.map((assignment) =>
      typeof assignment === "string" ? { topic: assignment } : assignment,
    );
    for (const assignment of wanted) {
      checkPlace(assignment);
      if (assignment.from !== undefined) checkFrom(assignment.from);
    }
    const before = [...this.partitions];
    this.partitions.clear();
    this.#topics.clear();
    for (const { topic, partition, from } of wanted) {
      if (partition === undefined)
        this.#topics.set(topic, { from: from ?? this.#settings.from, lookedAtMs: undefined });
      else this.#add({ topic, partition }, from, before);
    }
    // A topic's partitions are known again only later; those read until now go on where they are.
    for (const old of before) {
      const whole = this.#topics.get(old.topic);
      const from = wanted.find(({ topic, partition }) => topic === old.topic && partition === undefined)?.from;
      if (whole !== undefined && from === undefined && this.find(old) === undefined) this.partitions.add(old);
    }
  }

  find({ topic, partition }: TopicPartition): AssignedPartition | undefined {
    for (const assigned of this.partitions) {
      if (assigned.topic === topic && assigned.partition === partition) return assigned;
    }
    return undefined;
  }

  /** The named ones, which must be assigned; all when none are named. */
  named(places: readonly TopicPartition[]): AssignedPartition[] {
    if (places.length === 0) return [...this.partitions];
    return places.map((place) => {
      checkPlace(place);
      const assigned = this.find(place) ?? this.#addOfTopic(place);
      if (assigned !== undefined) return assigned;
      const message = `${place.topic}-${place.partition} is not assigned to this consumer: assign it first`;
      throw new LogError("InvalidArgument", message, { details: { ...place } });
    });
  }

  /** Whether there is anything that `prepare` would have to ask for. */
  needsPreparing(): boolean {
    const nowMs = this.#connection.runtime.clock.monotonicMs();
    for (const topic of this.#topics.values()) if (this.#isDue(topic, nowMs)) return true;
    for (const partition of this.partitions) if (partition.start !== undefined) return true;
    return false;
  }

  /** Finds the partitions of whole topics, and the offsets where partitions begin. */
  async prepare(signal: AbortSignal): Promise<void> {
    const nowMs = this.#connection.runtime.clock.monotonicMs();
    for (const [name, topic] of [...this.#topics]) if (this.#isDue(topic, nowMs)) await this.#lookAt(name, topic);
    const { isolation } = this.#settings;
    await resolveStarts(this.#connection, [...this.partitions], { isolation, timeoutMs: PREPARE_MS, signal });
  }

  #isDue(topic: WholeTopic, nowMs: number): boolean {
    return topic.lookedAtMs === undefined || nowMs - topic.lookedAtMs > this.#settings.metadataAgeMsMax;
  }

  async #lookAt(name: string, topic: WholeTopic): Promise<void> {
    const { partitions: count } = await this.#metadata.load(name, { autoCreate: false });
    if (this.#topics.get(name) !== topic) return;
    const isFirst = topic.lookedAtMs === undefined;
    topic.lookedAtMs = this.#connection.runtime.clock.monotonicMs();
    for (const place of this.partitions) {
      if (place.topic === name && place.partition >= count) throw missingPartition(name, place.partition, count);
    }
    for (let partition = 0; partition < count; partition++) {
      // What a topic grows by is read from its start: nothing published there is to be missed.
      if (this.find({ topic: name, partition }) === undefined) {
        this.partitions.add(new AssignedPartition({ topic: name, partition }, isFirst ? topic.from : "beginning"));
      }
    }
  }

  #add(place: TopicPartition, from: From | undefined, before: readonly AssignedPartition[]): void {
    if (this.find(place) !== undefined) return;
    const kept = before.find(({ topic, partition }) => topic === place.topic && partition === place.partition);
    if (kept !== undefined && from !== undefined) kept.seek(from);
    this.partitions.add(kept ?? new AssignedPartition(place, from ?? this.#settings.from));
  }

  // A partition of a whole topic may be sought before the topic has been looked at.
  #addOfTopic(place: TopicPartition): AssignedPartition | undefined {
    const topic = this.#topics.get(place.topic);
    if (topic === undefined || topic.lookedAtMs !== undefined) return undefined;
    const assigned = new AssignedPartition(place, topic.from);
    this.partitions.add(assigned);
    return assigned;
  }
}
