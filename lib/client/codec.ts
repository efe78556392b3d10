import type { StandardSchemaV1 } from "@standard-schema/spec";
import { strictTextOf } from "../base/bytes.ts";
import { LogError, messageOf } from "../base/errors.ts";
import type { RecordContent } from "./record-input.ts";

/** How values of one type are stored and read back. */
export interface Codec<Value> {
  encode(value: Value, topic: string): RecordContent | Promise<RecordContent>;
  decode(bytes: Uint8Array, topic: string): Value | Promise<Value>;
}

/** What turns values into bytes: a codec, a function, or a schema, whose output is stored as JSON. */
export type Encoder<Value> =
  | Pick<Codec<Value>, "encode">
  | ((value: Value, topic: string) => RecordContent | Promise<RecordContent>)
  | StandardSchemaV1<Value, unknown>;

/** What turns bytes into values: a codec, a function, or a schema over the JSON that is stored. */
export type Decoder<Value> =
  | Pick<Codec<Value>, "decode">
  | ((bytes: Uint8Array, topic: string) => Value | Promise<Value>)
  | StandardSchemaV1<unknown, Value>;

/** Codecs of a topic, or of a call. */
export interface Encoders<Value = unknown, Key = unknown> {
  readonly value?: Encoder<Value> | undefined;
  readonly key?: Encoder<Key> | undefined;
}

export interface Decoders<Value = unknown, Key = unknown> {
  readonly value?: Decoder<Value> | undefined;
  readonly key?: Decoder<Key> | undefined;
}

/**
 * JSON, checked both ways by any Standard Schema (zod, valibot, arktype, …).
 *
 * @example
 * const order = jsonCodec(z.object({ id: z.string(), cents: z.int() }));
 * await log.publish("orders", { value: { id: "a", cents: 250 } }, { value: order });
 */
export function jsonCodec<Value>(schema: StandardSchemaV1<unknown, Value>): Codec<Value> {
  return {
    encode: (value, topic) => encodeWith(schema as StandardSchemaV1<Value>, value, topic),
    decode: (bytes, topic) => decodeWith(schema, bytes, topic),
  };
}

export function encodeWith<Value>(
  encoder: Encoder<Value>,
  value: Value,
  topic: string,
): RecordContent | Promise<RecordContent> {
  if (isSchema(encoder)) return thenOrNow(validate(encoder, value, topic), jsonText);
  return typeof encoder === "function" ? encoder(value, topic) : encoder.encode(value, topic);
}

export function decodeWith<Value>(decoder: Decoder<Value>, bytes: Uint8Array, topic: string): Value | Promise<Value> {
  if (isSchema(decoder)) return validate(decoder, parseJson(bytes, { topic }), topic) as Value | Promise<Value>;
  return typeof decoder === "function" ? decoder(bytes, topic) : decoder.decode(bytes, topic);
}

/** Strict: what is not UTF-8, or not JSON, is an `InvalidRecord`. */
export function parseJson(bytes: Uint8Array, details: Readonly<Record<string, unknown>>): unknown {
  const text = strictTextOf(bytes);
  if (text === undefined) throw new LogError("InvalidRecord", "the value is not UTF-8, so not JSON", { details });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LogError("InvalidRecord", `the value is not JSON: ${messageOf(cause)}`, { details, cause });
  }
}

function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) {
    throw new LogError("InvalidArgument", `a ${typeof value} cannot be stored as JSON`);
  }
  return text;
}

// Some schemas are functions too, so this is asked first.
function isSchema(codec: object): codec is StandardSchemaV1 {
  return "~standard" in codec;
}

function validate(schema: StandardSchemaV1, value: unknown, topic: string): unknown {
  return thenOrNow(schema["~standard"].validate(value), (result) => {
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map(({ message, path }) => ({ message, path: pathText(path) }));
    const first = issues[0];
    const where = first?.path ? ` at ${first.path}` : "";
    throw new LogError("InvalidRecord", `the value does not match its schema${where}: ${first?.message ?? "refused"}`, {
      details: { topic, issues },
    });
  });
}

function pathText(path: StandardSchemaV1.Issue["path"]): string {
  return (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}

function thenOrNow<In, Out>(input: In | Promise<In>, next: (value: In) => Out): Out | Promise<Out> {
  return input instanceof Promise ? input.then(next) : next(input);
}
