import * as z from "zod";
import { ERROR_CODES, type ErrorCode } from "../../base/error-codes.ts";
import { configValuesSchema } from "./method-schemas.ts";
import { base64Schema } from "./record-schemas.ts";

/** What the server answers. Objects are open: a client ignores fields that it does not know. */
const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

export const errorSchema = z
  .object({
    code: z.enum(codes).meta({ description: "Stable: branch on it, never on the message." }),
    message: z.string(),
    kafkaCode: z.int().meta({ description: "Kafka's number for this error." }),
    retriable: z.boolean().meta({ description: "Whether the same request may succeed later." }),
    effect: z.enum(["none", "unknown"]).meta({ description: "none: nothing happened; unknown: it may have happened." }),
    details: z.record(z.string(), z.unknown()),
    retryAfterMs: z.number().optional(),
  })
  .meta({ id: "Error" });

export const errorBodySchema = z.object({ error: errorSchema });

const topicPartition = { topic: z.string(), partition: z.int() };

export function partitionResults<Shape extends z.ZodRawShape>(shape: Shape) {
  const answered = z.object({ ...topicPartition, ok: z.literal(true), ...shape });
  const refused = z.object({ ...topicPartition, ok: z.literal(false), error: errorSchema });
  return z.object({ partitions: z.array(z.discriminatedUnion("ok", [answered, refused])) });
}

function topicResults<Shape extends z.ZodRawShape>(shape: Shape) {
  const answered = z.object({ topic: z.string(), ok: z.literal(true), ...shape });
  const refused = z.object({ topic: z.string(), ok: z.literal(false), error: errorSchema });
  return z.object({ topics: z.array(z.discriminatedUnion("ok", [answered, refused])) });
}

const topicShape = { topicId: z.string(), partitions: z.int(), configs: configValuesSchema };
const configsShape = {
  entries: z.array(z.object({ name: z.string(), value: z.string(), source: z.enum(["topic", "server", "default"]) })),
};

export const producedSchema = partitionResults({ baseOffset: z.int(), appendTimeMs: z.int(), logStart: z.int() });
export const listedOffsetsSchema = partitionResults({ offset: z.int(), timestamp: z.int(), leaderEpoch: z.int() });
export const deletedRecordsSchema = partitionResults({ logStart: z.int() });
export const describedTopicsSchema = topicResults(topicShape);
export const deletedTopicsSchema = topicResults({});
export const describedConfigsSchema = topicResults(configsShape);
export const producerIdentitySchema = z.object({ producerId: z.int(), producerEpoch: z.int() });
export const collectedGarbageSchema = z.object({
  objects: z.int(),
  items: z.int(),
  bytes: z.int(),
  referred: z.int().meta({ description: "Old enough, but still referred to." }),
  undecided: z.int().meta({ description: "Left alone: nobody could be found who may say that it is not needed." }),
  next: z.string().optional().meta({ description: "There is more: ask again with this as after." }),
});
export const serverSchema = z.object({
  clusterId: z.string(),
  version: z.string(),
  runtime: z.string(),
  format: z.int(),
  nowMs: z.number(),
  storage: z.object({
    kind: z.string(),
    location: z.string(),
    freeBytes: z.number().optional(),
    totalBytes: z.number().optional(),
  }),
  autoCreateTopics: z.boolean(),
  messageBytesMax: z.int(),
});

export const topicSchema = z.object({ topic: z.string(), ...topicShape });
export const topicListSchema = z.object({ topics: z.array(topicSchema) });
export const topicConfigsSchema = z.object({ topic: z.string(), ...configsShape });
export const topicOffsetsSchema = z.object({
  topic: z.string(),
  partitions: z.array(z.object({ partition: z.int(), logStartOffset: z.int(), highWatermark: z.int() })),
});

const storedSchema = z.object({ ...topicPartition, offset: z.int(), timestamp: z.int() });
export const storedRecordsSchema = z.union([
  storedSchema,
  z.object({ records: z.array(z.union([storedSchema, errorBodySchema])) }),
]);

const readDataSchema = z.union([
  z.null(),
  z.object({ type: z.literal("STRING"), data: z.string() }),
  z.object({ type: z.literal("BINARY"), data: base64Schema }),
]);

export const readRecordsSchema = z.object({
  ...topicPartition,
  logStartOffset: z.int(),
  highWatermark: z.int(),
  nextOffset: z.int().meta({ description: "Read on from here." }),
  records: z.array(
    z.object({
      offset: z.int(),
      timestamp: z.int(),
      key: readDataSchema,
      value: readDataSchema,
      headers: z.array(z.object({ name: z.string(), value: base64Schema.nullable() })),
    }),
  ),
});

export const healthSchema = z.object({ status: z.literal("ok") });
