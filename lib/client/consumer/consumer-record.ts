import { textOf } from "../../base/bytes.ts";
import { LogError } from "../../base/errors.ts";
import type { DecodedRecord, RecordHeader } from "../../records/record-data.ts";
import { type Decoder, type Decoders, decodeWith, parseJson } from "../codec.ts";

/** A record as it stands in the log. Its bytes are views of what was fetched: copy them to keep or change them. */
export class ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** ms since the Unix epoch; -1 for none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  /** Null is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  readonly #decoders: Decoders | undefined;

  constructor(topic: string, partition: number, record: DecodedRecord, decoders: Decoders | undefined) {
    this.topic = topic;
    this.partition = partition;
    this.offset = record.offset;
    this.timestamp = record.timestampMs;
    this.key = record.key;
    this.value = record.value;
    this.headers = record.headers;
    this.#decoders = decoders;
  }

  /** The value as UTF-8, with U+FFFD for what is not; null for a tombstone. */
  text(): string | null {
    return this.value === null ? null : textOf(this.value);
  }

  /** The key as UTF-8; null when there is none. */
  keyText(): string | null {
    return this.key === null ? null : textOf(this.key);
  }

  /** The value as JSON; null for a tombstone; `InvalidRecord` for what is not JSON. */
  json<Value = unknown>(): Value | null {
    return this.value === null ? null : (parseJson(this.value, this.#place()) as Value);
  }

  /** The last header of this name. */
  header(name: string): Uint8Array | null | undefined {
    return this.headers.findLast(({ key }) => key === name)?.value;
  }

  /** The value through a codec or schema, by default the topic's; null for a tombstone. */
  async decode<Value = unknown>(decoder?: Decoder<Value>): Promise<Value | null> {
    const chosen = decoder ?? (this.#decoders?.value as Decoder<Value> | undefined);
    return this.value === null ? null : this.#decode("value", this.value, chosen);
  }

  /** The key through a codec or schema, by default the topic's; null when there is none. */
  async decodeKey<Key = unknown>(decoder?: Decoder<Key>): Promise<Key | null> {
    const chosen = decoder ?? (this.#decoders?.key as Decoder<Key> | undefined);
    return this.key === null ? null : this.#decode("key", this.key, chosen);
  }

  #decode<T>(field: string, bytes: Uint8Array, decoder: Decoder<T> | undefined): T | Promise<T> {
    if (decoder !== undefined) return decodeWith(decoder, bytes, this.topic);
    const message = `there is no codec for the ${field}s of topic "${this.topic}": pass one, or give it to the consumer in topics`;
    throw new LogError("InvalidArgument", message, { details: this.#place() });
  }

  #place(): Record<string, unknown> {
    return { topic: this.topic, partition: this.partition, offset: this.offset };
  }
}
