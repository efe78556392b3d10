import type * as z from "zod";
import {
  HEALTH_ADDRESS,
  METHOD_ADDRESSES as METHOD,
  METRICS_ADDRESS,
  OPENAPI_ADDRESS,
  RESOURCE_ADDRESSES as RESOURCE,
} from "./addresses.ts";
import * as answers from "./answer-schemas.ts";
import { BATCHES_TYPE, JSON_TYPE } from "./media-types.ts";
import * as methods from "./method-schemas.ts";
import * as records from "./record-schemas.ts";
import * as topics from "./topic-schemas.ts";

/** A media type's content: a schema, or what stands in the bytes. */
export type Content = Readonly<Record<string, z.ZodType | { readonly bytes: string }>>;

/** One address and method, for the OpenAPI document and for telling a wrong method from a wrong address. */
export interface Operation {
  readonly method: "get" | "post" | "patch" | "delete";
  readonly address: string;
  readonly id: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: Content;
  readonly status: 200 | 201 | 204;
  readonly answer: Content;
  /** Answered without a token. */
  readonly open?: true;
}

const frame = (content: string) => ({ [BATCHES_TYPE]: { bytes: content } });
const json = (schema: z.ZodType): Content => ({ [JSON_TYPE]: schema });
const ok = { status: 200 } as const;

const FOR_PEOPLE: readonly Operation[] = [
  {
    method: "get",
    address: RESOURCE.topics,
    id: "listTopics",
    summary: "All topics",
    ...ok,
    answer: json(answers.topicListSchema),
  },
  {
    method: "post",
    address: RESOURCE.topics,
    id: "createTopic",
    summary: "Create a topic",
    status: 201,
    body: json(topics.createTopicSchema),
    answer: json(answers.topicSchema),
  },
  {
    method: "get",
    address: RESOURCE.topic,
    id: "describeTopic",
    summary: "One topic",
    ...ok,
    answer: json(answers.topicSchema),
  },
  {
    method: "delete",
    address: RESOURCE.topic,
    id: "deleteTopic",
    summary: "Delete a topic and its records",
    status: 204,
    answer: {},
  },
  {
    method: "post",
    address: RESOURCE.partitions,
    id: "growTopic",
    summary: "Add partitions",
    ...ok,
    body: json(topics.growTopicSchema),
    answer: json(answers.topicSchema),
  },
  {
    method: "get",
    address: RESOURCE.configs,
    id: "describeTopicConfigs",
    summary: "A topic's effective configs",
    ...ok,
    answer: json(answers.topicConfigsSchema),
  },
  {
    method: "patch",
    address: RESOURCE.configs,
    id: "alterTopicConfigs",
    summary: "Set or remove single configs",
    ...ok,
    body: json(topics.alterTopicSchema),
    answer: json(answers.topicConfigsSchema),
  },
  {
    method: "get",
    address: RESOURCE.offsets,
    id: "topicOffsets",
    ...ok,
    summary: "Log start and high watermark of each partition",
    answer: json(answers.topicOffsetsSchema),
  },
  {
    method: "post",
    address: RESOURCE.records,
    id: "produceRecords",
    ...ok,
    summary: "Append a record, or a list of records; an answer per record, in order",
    body: { [JSON_TYPE]: records.recordListSchema.or(records.recordSchema), ...frame("one batch per partition") },
    answer: json(answers.storedRecordsSchema.or(answers.producedSchema)),
  },
  {
    method: "get",
    address: RESOURCE.partitionRecords,
    id: "readRecords",
    ...ok,
    summary: "Read records of a partition from an offset on",
    query: records.readQuerySchema,
    answer: { [JSON_TYPE]: answers.readRecordsSchema, ...frame("whole batches") },
  },
];

const FOR_PROGRAMS: readonly Operation[] = [
  {
    method: "post",
    address: METHOD.produce,
    id: "produce",
    summary: "LogService.produce",
    ...ok,
    body: frame("one batch per partition"),
    answer: json(answers.producedSchema),
  },
  {
    method: "post",
    address: METHOD.fetch,
    id: "fetch",
    summary: "LogService.fetch",
    ...ok,
    body: json(methods.fetchRequestSchema),
    answer: frame("whole batches per partition"),
  },
  {
    method: "post",
    address: METHOD.listOffsets,
    id: "listOffsets",
    summary: "LogService.listOffsets",
    ...ok,
    body: json(methods.listOffsetsRequestSchema),
    answer: json(answers.listedOffsetsSchema),
  },
  {
    method: "post",
    address: METHOD.deleteRecords,
    id: "deleteRecords",
    summary: "LogService.deleteRecords",
    ...ok,
    body: json(methods.deleteRecordsRequestSchema),
    answer: json(answers.deletedRecordsSchema),
  },
  {
    method: "post",
    address: METHOD.createTopics,
    id: "createTopics",
    summary: "LogService.createTopics",
    ...ok,
    body: json(methods.createTopicsRequestSchema),
    answer: json(answers.describedTopicsSchema),
  },
  {
    method: "post",
    address: METHOD.deleteTopics,
    id: "deleteTopics",
    summary: "LogService.deleteTopics",
    ...ok,
    body: json(methods.deleteTopicsRequestSchema),
    answer: json(answers.deletedTopicsSchema),
  },
  {
    method: "post",
    address: METHOD.createPartitions,
    id: "createPartitions",
    summary: "LogService.createPartitions",
    ...ok,
    body: json(methods.createPartitionsRequestSchema),
    answer: json(answers.describedTopicsSchema),
  },
  {
    method: "post",
    address: METHOD.describeTopics,
    id: "describeTopics",
    summary: "LogService.describeTopics",
    ...ok,
    body: json(methods.describeTopicsRequestSchema),
    answer: json(answers.describedTopicsSchema),
  },
  {
    method: "post",
    address: METHOD.describeConfigs,
    id: "describeConfigs",
    summary: "LogService.describeConfigs",
    ...ok,
    body: json(methods.describeConfigsRequestSchema),
    answer: json(answers.describedConfigsSchema),
  },
  {
    method: "post",
    address: METHOD.alterConfigs,
    id: "alterConfigs",
    summary: "LogService.alterConfigs",
    ...ok,
    body: json(methods.alterConfigsRequestSchema),
    answer: json(answers.describedConfigsSchema),
  },
  {
    method: "post",
    address: METHOD.initProducerId,
    id: "initProducerId",
    summary: "LogService.initProducerId",
    ...ok,
    body: json(methods.initProducerIdRequestSchema),
    answer: json(answers.producerIdentitySchema),
  },
  {
    method: "get",
    address: METHOD.describeServer,
    id: "describeServer",
    summary: "LogService.describeServer",
    ...ok,
    answer: json(answers.serverSchema),
  },
  {
    method: "post",
    address: METHOD.collectGarbage,
    id: "collectGarbage",
    summary: "LogService.collectGarbage",
    ...ok,
    body: json(methods.collectGarbageRequestSchema),
    answer: json(answers.collectedGarbageSchema),
  },
];

const AROUND: readonly Operation[] = [
  {
    method: "get",
    address: HEALTH_ADDRESS,
    id: "health",
    summary: "Whether the process answers",
    open: true,
    ...ok,
    answer: json(answers.healthSchema),
  },
  {
    method: "get",
    address: METRICS_ADDRESS,
    id: "metrics",
    summary: "Prometheus metrics",
    ...ok,
    answer: { "text/plain": { bytes: "Prometheus's text format" } },
  },
  {
    method: "get",
    address: OPENAPI_ADDRESS,
    id: "openapi",
    summary: "This document",
    ...ok,
    answer: { [JSON_TYPE]: { bytes: "OpenAPI 3.1" } },
  },
];

/** Everything that the server answers; a test holds the app's routes against it. */
export const OPERATIONS: readonly Operation[] = [...FOR_PEOPLE, ...FOR_PROGRAMS, ...AROUND];
