import type { Context, Hono } from "hono";
import { RESOURCE_ADDRESSES } from "../api/http/addresses.ts";
import { errorToJson, isRecord } from "../api/http/error-body.ts";
import { encodeFetchReply } from "../api/http/fetch-frame.ts";
import { acceptsMediaType, BATCHES_TYPE, isMediaType, JSON_TYPE } from "../api/http/media-types.ts";
import {
  partitionSchema,
  type RecordInput,
  readQuerySchema,
  recordListSchema,
  recordSchema,
  topicProduceHeaderSchema,
} from "../api/http/record-schemas.ts";
import { resultToJson } from "../api/http/results.ts";
import type { LogService, RequestContext } from "../api/log-service.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { messageBytesDefault } from "../base/limits.ts";
import { randomBelow } from "../base/random.ts";
import type { Runtime } from "../base/runtime.ts";
import { appendRecords, type StoredRecord } from "./append-records.ts";
import { checkInput, numberIfDigits } from "./check-input.ts";
import { errorAnswer } from "./error-answer.ts";
import { frameAnswer } from "./frame-answer.ts";
import type { HttpEnv } from "./http-options.ts";
import { readAnswer, readPartition } from "./read-records.ts";
import { partitionOf, recordOf } from "./record-input.ts";
import { readAnyJson, readFrame } from "./request-body.ts";
import { contextOf, demandContentType } from "./request-scope.ts";
import { routePath } from "./route-path.ts";
import { only } from "./topic-routes.ts";

/** Produce and read one topic: in JSON for people, in batches unchanged for programs. */
export function addRecordRoutes(app: Hono<HttpEnv>, service: LogService, runtime: Runtime): void {
  app.post(routePath(RESOURCE_ADDRESSES.records), async (c) => {
    demandContentType(c, JSON_TYPE, BATCHES_TYPE);
    const topic = c.req.param("topic");
    if (isMediaType(c.req.header("content-type"), BATCHES_TYPE)) return produceBatches(c, service, topic);
    const body = await readAnyJson(c);
    const isList = isRecord(body) && "records" in body;
    const inputs = isList
      ? checkInput(recordListSchema, body, "body").records
      : [checkInput(recordSchema, body, "body")];
    const outcomes = await produceRecords(service, runtime, contextOf(c), { topic, inputs });
    return storedAnswer(c, outcomes, isList);
  });

  app.get(routePath(RESOURCE_ADDRESSES.partitionRecords), async (c) => {
    const query = checkInput(readQuerySchema, queryOf(c), "query");
    const partition = checkInput(partitionSchema, numberIfDigits(c.req.param("partition")), "partition");
    const from = { topic: c.req.param("topic"), partition };
    const { offset, fetched } = await readPartition(service, contextOf(c), from, query);
    if (acceptsMediaType(c.req.header("accept"), BATCHES_TYPE)) {
      return frameAnswer(c, encodeFetchReply({ partitions: [fetched] }));
    }
    return c.json(await readAnswer(fetched, offset, query.maxBytes, runtime.codecs));
  });
}

async function produceBatches(c: Context<HttpEnv>, service: LogService, topic: string): Promise<Response> {
  const { header, payloads } = await readFrame(c);
  const { acks = -1, partitions } = checkInput(topicProduceHeaderSchema, header, "header");
  const parts = partitions.map(({ partition, bytes }) => ({ topic, partition, records: payloads.take(bytes) }));
  payloads.end();
  const reply = await service.produce(contextOf(c), { acks, partitions: parts });
  return c.json({ partitions: reply.partitions.map(resultToJson) });
}

async function produceRecords(
  service: LogService,
  runtime: Runtime,
  context: RequestContext,
  { topic, inputs }: { topic: string; inputs: readonly RecordInput[] },
): Promise<(StoredRecord | LogError)[]> {
  const nowMs = runtime.clock.nowMs();
  const records = inputs.map((input) => recordOf(input, nowMs));
  const described = only(await service.describeTopics(context, { names: [topic], allowAutoCreate: true }));
  const partitionCount = described.partitions;
  const places = { partitionCount, sticky: randomBelow(runtime.random, partitionCount) };
  const placed = records.map((record, index) => {
    return { record, partition: partitionOf(record, inputs[index]?.partition_id, places) };
  });
  const batchBytesMax = Number(described.configs["max.message.bytes"] ?? messageBytesDefault);
  return appendRecords(service, context, placed, { topic, batchBytesMax });
}

/** An entry per record, in order. A request of which nothing was stored is answered with its first error's status. */
function storedAnswer(c: Context<HttpEnv>, outcomes: readonly (StoredRecord | LogError)[], isList: boolean): Response {
  const records = outcomes.map((outcome) => (isLogError(outcome) ? { error: errorToJson(outcome) } : outcome));
  const first = outcomes[0];
  if (outcomes.every((outcome) => isLogError(outcome)) && isLogError(first)) {
    return errorAnswer(first, isList ? { records } : {});
  }
  return c.json(isList ? { records } : records[0]);
}

function queryOf(c: Context<HttpEnv>): Record<string, unknown> {
  const query: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(c.req.queries())) {
    if (values.length > 1) {
      const details = { field: `query.${name}`, expected: "one value", actual: values.length };
      throw new LogError("InvalidRequest", `query.${name}: expected one value, got ${values.length}`, { details });
    }
    query[name] = numberIfDigits(values[0] ?? "");
  }
  return query;
}
