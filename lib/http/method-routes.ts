import type { Hono } from "hono";
import { METHOD_ADDRESSES } from "../api/http/addresses.ts";
import { encodeFetchReply } from "../api/http/fetch-frame.ts";
import * as schemas from "../api/http/method-schemas.ts";
import { resultToJson } from "../api/http/results.ts";
import type { LogService } from "../api/log-service.ts";
import type { TopicResult } from "../api/topic-types.ts";
import { checkInput } from "./check-input.ts";
import { frameAnswer } from "./frame-answer.ts";
import type { HttpEnv } from "./http-options.ts";
import { jsonMethods } from "./json-method.ts";
import { readFrame, readJson } from "./request-body.ts";
import { contextOf } from "./request-scope.ts";

/** One address per method of the service, for `HttpLogService`: nothing is translated but errors and batches. */
export function addMethodRoutes(app: Hono<HttpEnv>, service: LogService): void {
  const addJsonMethod = jsonMethods(app);

  app.post(METHOD_ADDRESSES.produce, async (c) => {
    const { header, payloads } = await readFrame(c);
    const { acks, partitions } = checkInput(schemas.produceHeaderSchema, header, "header");
    const parts = partitions.map(({ bytes, ...at }) => ({ ...at, records: payloads.take(bytes) }));
    payloads.end();
    const reply = await service.produce(contextOf(c), { acks, partitions: parts });
    return c.json({ partitions: reply.partitions.map(resultToJson) });
  });
  app.post(METHOD_ADDRESSES.fetch, async (c) => {
    const request = await readJson(c, schemas.fetchRequestSchema);
    return frameAnswer(c, encodeFetchReply(await service.fetch(contextOf(c), request)));
  });
  addJsonMethod("listOffsets", schemas.listOffsetsRequestSchema, async (context, request) => {
    const reply = await service.listOffsets(context, request);
    return { partitions: reply.partitions.map(resultToJson) };
  });
  addJsonMethod("deleteRecords", schemas.deleteRecordsRequestSchema, async (context, request) => {
    const reply = await service.deleteRecords(context, request);
    return { partitions: reply.partitions.map(resultToJson) };
  });

  addJsonMethod("createTopics", schemas.createTopicsRequestSchema, async (context, request) => {
    return topicsJson(await service.createTopics(context, request));
  });
  addJsonMethod("deleteTopics", schemas.deleteTopicsRequestSchema, async (context, request) => {
    return topicsJson(await service.deleteTopics(context, request));
  });
  addJsonMethod("createPartitions", schemas.createPartitionsRequestSchema, async (context, request) => {
    return topicsJson(await service.createPartitions(context, request));
  });
  addJsonMethod("describeTopics", schemas.describeTopicsRequestSchema, async (context, request) => {
    return topicsJson(await service.describeTopics(context, request));
  });
  addJsonMethod("describeConfigs", schemas.describeConfigsRequestSchema, async (context, request) => {
    return topicsJson(await service.describeConfigs(context, request));
  });
  addJsonMethod("alterConfigs", schemas.alterConfigsRequestSchema, async (context, request) => {
    return topicsJson(await service.alterConfigs(context, request));
  });

  addJsonMethod("initProducerId", schemas.initProducerIdRequestSchema, (context, request) => {
    return service.initProducerId(context, request);
  });
  addJsonMethod("collectGarbage", schemas.collectGarbageRequestSchema, (context, request) => {
    return service.collectGarbage(context, request);
  });
  app.get(METHOD_ADDRESSES.describeServer, async (c) => c.json(await service.describeServer(contextOf(c))));
}

function topicsJson<Answer>(results: readonly TopicResult<Answer>[]): object {
  return { topics: results.map((result) => resultToJson(result)) };
}
