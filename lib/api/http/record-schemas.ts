import * as z from "zod";
import { bytesOfBase64 } from "../../base/bytes.ts";
import { fetchBytesMax, serviceWaitMsMax } from "../../base/limits.ts";
import { acksSchema } from "./method-schemas.ts";

/*
 * Records as people write them with curl, in the field names of Confluent's REST Proxy v3. Beyond it: a plain
 * string stands for {"type":"STRING"}, null for a null key or a tombstone, and a list may be sent as "records".
 */
export const base64Schema = z
  .string()
  .refine((text) => bytesOfBase64(text) !== undefined, { error: "base64 with padding" })
  .meta({ contentEncoding: "base64" });

const typedData = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("STRING"), data: z.string().nullable() }),
  z.strictObject({
    type: z.literal("JSON"),
    data: z.unknown().refine((data) => data !== undefined, { error: "a JSON value" }),
  }),
  z.strictObject({ type: z.literal("BINARY"), data: base64Schema.nullable() }),
]);

export const recordDataSchema = z.union([z.string(), z.null(), typedData]);

export const recordSchema = z.strictObject({
  /** Chosen by the key, as Kafka's clients do, when absent. */
  partition_id: z.int().optional(),
  key: recordDataSchema.optional(),
  value: recordDataSchema,
  headers: z.array(z.strictObject({ name: z.string(), value: base64Schema.nullable() })).optional(),
  /** ms since the Unix epoch or ISO 8601; the server's time when absent. */
  timestamp: z.union([z.int().nonnegative(), z.iso.datetime({ offset: true })]).optional(),
});

export const recordListSchema = z.strictObject({ records: z.array(recordSchema).min(1) });

/** Header of a frame for one topic, which the address names. */
export const topicProduceHeaderSchema = z.strictObject({
  acks: acksSchema.optional(),
  partitions: z.array(z.strictObject({ partition: z.int(), bytes: z.int().nonnegative() })),
});

export const readQuerySchema = z.strictObject({
  offset: z.union([z.int().nonnegative(), z.enum(["earliest", "latest"])]).default("earliest"),
  /** Waits so long for a record when there is none. */
  maxWaitMs: z.int().nonnegative().max(serviceWaitMsMax).default(0),
  /** The first batch comes whole even when it is larger. */
  maxBytes: z
    .int()
    .positive()
    .max(fetchBytesMax)
    .default(1024 * 1024),
});

/** Path parameters; partitions come as digits. */
export const partitionSchema = z.int().nonnegative();

export type RecordInput = z.infer<typeof recordSchema>;
export type RecordDataInput = z.infer<typeof recordDataSchema>;
