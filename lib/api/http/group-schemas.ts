import * as z from "zod";
import { requestPartitionsMax, topicPartitionsMax } from "../../base/limits.ts";
import { errorSchema, partitionResults } from "./answer-schemas.ts";

/* Requests and answers of consumer groups: form only, as in `method-schemas.ts`. */
const topicPartition = { topic: z.string(), partition: z.int() };
const partitions = z.array(z.strictObject(topicPartition)).max(requestPartitionsMax);
const numbers = z.array(z.int()).max(topicPartitionsMax);
const names = z.array(z.string()).max(requestPartitionsMax);
const state = z.enum(["empty", "reconciling", "stable"]);

export const groupHeartbeatRequestSchema = z.strictObject({
  groupId: z.string(),
  memberId: z.string(),
  memberEpoch: z.int().meta({ description: "0 joins, -1 leaves, -2 leaves for a moment (static members)." }),
  instanceId: z.string().optional(),
  sequence: z.int().optional(),
  topics: names.optional(),
  pattern: z.string().optional(),
  assignor: z.string().optional(),
  rebalanceTimeoutMs: z.int().optional(),
  owned: z
    .array(z.strictObject({ topicId: z.string(), partitions: numbers }))
    .max(requestPartitionsMax)
    .optional(),
});

const member = { memberId: z.string().optional(), memberEpoch: z.int().optional() };

export const commitOffsetsRequestSchema = z.strictObject({
  groupId: z.string(),
  ...member,
  sequence: z.int().optional(),
  partitions: z
    .array(
      z.strictObject({
        ...topicPartition,
        topicId: z.string().optional(),
        offset: z.int(),
        leaderEpoch: z.int().optional(),
        metadata: z.string().optional(),
      }),
    )
    .max(requestPartitionsMax),
});

export const fetchOffsetsRequestSchema = z.strictObject({
  groupId: z.string(),
  ...member,
  partitions: partitions.optional(),
});

export const listGroupsRequestSchema = z.strictObject({ states: z.array(state).optional() });

export const groupIdsRequestSchema = z.strictObject({ groupIds: names });

export const resetOffsetsRequestSchema = z.strictObject({
  groupId: z.string(),
  topics: names.optional(),
  partitions: partitions.optional(),
  to: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("beginning") }),
    z.strictObject({ kind: z.literal("end") }),
    z.strictObject({ kind: z.literal("offset"), offset: z.int() }),
    z.strictObject({ kind: z.literal("timestamp"), timestamp: z.int() }),
    z.strictObject({ kind: z.literal("shift"), by: z.int() }),
  ]),
  dryRun: z.boolean().optional(),
});

export const deleteOffsetsRequestSchema = z.strictObject({ groupId: z.string(), partitions });

const assignedTopics = z.array(z.object({ topic: z.string(), topicId: z.string(), partitions: z.array(z.int()) }));

export const groupHeartbeatAnswerSchema = z.object({
  memberId: z.string(),
  memberEpoch: z.int(),
  heartbeatIntervalMs: z.int(),
  sessionTimeoutMs: z.int(),
  assignment: assignedTopics.optional(),
});

function groupResults<Shape extends z.ZodRawShape>(shape: Shape) {
  const answered = z.object({ groupId: z.string(), ok: z.literal(true), ...shape });
  const refused = z.object({ groupId: z.string(), ok: z.literal(false), error: errorSchema });
  return z.object({ groups: z.array(z.discriminatedUnion("ok", [answered, refused])) });
}

export const describedGroupsSchema = groupResults({
  state,
  groupEpoch: z.int(),
  assignor: z.string(),
  members: z.array(
    z.object({
      memberId: z.string(),
      instanceId: z.string().optional(),
      clientId: z.string(),
      memberEpoch: z.int(),
      topics: z.array(z.string()),
      pattern: z.string().optional(),
      assignment: assignedTopics,
      target: assignedTopics,
    }),
  ),
});

export const deletedGroupsSchema = groupResults({});
export const listedGroupsSchema = z.object({
  groups: z.array(z.object({ groupId: z.string(), state, members: z.int() })),
});
export const committedOffsetsSchema = partitionResults({});
export const fetchedOffsetsSchema = partitionResults({
  topicId: z.string(),
  offset: z.int(),
  leaderEpoch: z.int(),
  metadata: z.string(),
});
export const resetOffsetsAnswerSchema = partitionResults({ before: z.int(), offset: z.int() });
