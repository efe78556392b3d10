import * as z from "zod";
import { configValuesSchema } from "./method-schemas.ts";

/** Requests at the addresses under `/v1/topics`: one topic each, for people. */
export const createTopicSchema = z.strictObject({
  name: z.string(),
  /** The server's default when absent. */
  partitions: z.int().optional(),
  configs: configValuesSchema.optional(),
  /** Checks everything and creates nothing. */
  validateOnly: z.boolean().optional(),
});

export const growTopicSchema = z.strictObject({
  /** Partitions in all, afterwards; more than now. */
  totalCount: z.int(),
});

export const alterTopicSchema = z.strictObject({
  set: configValuesSchema.optional(),
  /** Back to the server's value. */
  remove: z.array(z.string()).optional(),
});
