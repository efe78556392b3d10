import * as z from "zod";
import { requestPartitionsMax } from "../../base/limits.ts";

/*
 * Requests at the method addresses. Schemas judge form: types, names, how many. What a value means (whether a topic
 * name is legal, an offset in range) is the service's to judge, so that every edge refuses it in the same words.
 */
const topicPartition = { topic: z.string(), partition: z.int() };
const isolation = z.enum(["read_uncommitted", "read_committed"]);
const names = z.array(z.string()).max(requestPartitionsMax);
export const configValuesSchema = z.record(z.string(), z.string());

function listOf<Entry extends z.ZodType>(entry: Entry): z.ZodArray<Entry> {
  return z.array(entry).max(requestPartitionsMax);
}

export const acksSchema = z.union([z.literal(0), z.literal(1), z.literal(-1)]);

export const produceHeaderSchema = z.strictObject({
  acks: acksSchema,
  partitions: listOf(z.strictObject({ ...topicPartition, bytes: z.int().nonnegative() })),
});

export const fetchRequestSchema = z.strictObject({
  maxWaitMs: z.int(),
  minBytes: z.int(),
  maxBytes: z.int(),
  isolation,
  partitions: listOf(
    z.strictObject({
      ...topicPartition,
      offset: z.int(),
      maxBytes: z.int(),
      currentLeaderEpoch: z.int().optional(),
      readUrl: z
        .boolean()
        .optional()
        .meta({ description: "Far behind, the answer may hold a segment's address in place of records." }),
    }),
  ),
});

export const listOffsetsRequestSchema = z.strictObject({
  isolation,
  partitions: listOf(z.strictObject({ ...topicPartition, timestamp: z.int(), currentLeaderEpoch: z.int().optional() })),
});

export const deleteRecordsRequestSchema = z.strictObject({
  partitions: listOf(z.strictObject({ ...topicPartition, beforeOffset: z.int() })),
});

export const createTopicsRequestSchema = z.strictObject({
  topics: listOf(
    z.strictObject({ name: z.string(), partitions: z.int().optional(), configs: configValuesSchema.optional() }),
  ),
  validateOnly: z.boolean().optional(),
});

export const deleteTopicsRequestSchema = z.strictObject({ names });

export const createPartitionsRequestSchema = z.strictObject({
  topics: listOf(z.strictObject({ name: z.string(), totalCount: z.int() })),
});

export const describeTopicsRequestSchema = z.strictObject({
  names: names.optional(),
  allowAutoCreate: z.boolean().optional(),
});

export const describeConfigsRequestSchema = z.strictObject({ topics: names });

export const alterConfigsRequestSchema = z.strictObject({
  topics: listOf(z.strictObject({ name: z.string(), set: configValuesSchema.optional(), remove: names.optional() })),
});

export const collectGarbageRequestSchema = z.strictObject({
  dryRun: z.boolean().optional(),
  after: z.string().optional(),
});

export const initProducerIdRequestSchema = z.strictObject({ transactionalId: z.string().optional() });
