import type { Hono } from "hono";
import { RESOURCE_ADDRESSES } from "../api/http/addresses.ts";
import { alterTopicSchema, createTopicSchema, growTopicSchema } from "../api/http/topic-schemas.ts";
import type { LogService, RequestContext } from "../api/log-service.ts";
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, type ListedOffset, type PartitionResult } from "../api/record-types.ts";
import type { TopicDescription, TopicResult } from "../api/topic-types.ts";
import { present } from "../base/assert.ts";
import { requestPartitionsMax } from "../base/limits.ts";
import type { HttpEnv } from "./http-options.ts";
import { readJson } from "./request-body.ts";
import { contextOf } from "./request-scope.ts";
import { routePath } from "./route-path.ts";

const TOPIC = routePath(RESOURCE_ADDRESSES.topic);
const PARTITIONS = routePath(RESOURCE_ADDRESSES.partitions);
const CONFIGS = routePath(RESOURCE_ADDRESSES.configs);
const OFFSETS = routePath(RESOURCE_ADDRESSES.offsets);

/** Topics as resources, one per request, for people: what concerns the topic is the request's own error. */
export function addTopicRoutes(app: Hono<HttpEnv>, service: LogService): void {
  app.get(RESOURCE_ADDRESSES.topics, async (c) => {
    const results = await service.describeTopics(contextOf(c), {});
    const topics = results.filter((result) => result.ok).map((result) => withoutOk<TopicDescription>(result));
    return c.json({ topics: topics.toSorted((a, b) => (a.topic < b.topic ? -1 : 1)) });
  });
  app.post(RESOURCE_ADDRESSES.topics, async (c) => {
    const { validateOnly, ...topic } = await readJson(c, createTopicSchema);
    const created = only(await service.createTopics(contextOf(c), { topics: [topic], validateOnly }));
    return c.json(created, validateOnly === true ? 200 : 201);
  });
  app.get(TOPIC, async (c) => c.json(await describe(service, contextOf(c), c.req.param("topic"))));
  app.delete(TOPIC, async (c) => {
    only(await service.deleteTopics(contextOf(c), { names: [c.req.param("topic")] }));
    return c.body(null, 204);
  });
  app.post(PARTITIONS, async (c) => {
    const { totalCount } = await readJson(c, growTopicSchema);
    const topics = [{ name: c.req.param("topic"), totalCount }];
    return c.json(only(await service.createPartitions(contextOf(c), { topics })));
  });
  app.get(CONFIGS, async (c) => {
    return c.json(only(await service.describeConfigs(contextOf(c), { topics: [c.req.param("topic")] })));
  });
  app.patch(CONFIGS, async (c) => {
    const changes = await readJson(c, alterTopicSchema);
    const topics = [{ name: c.req.param("topic"), ...changes }];
    return c.json(only(await service.alterConfigs(contextOf(c), { topics })));
  });
  app.get(OFFSETS, async (c) => {
    const context = contextOf(c);
    const { topic, partitions } = await describe(service, context, c.req.param("topic"));
    return c.json({ topic, partitions: await offsetsOf(service, context, topic, partitions) });
  });
}

async function describe(service: LogService, context: RequestContext, topic: string) {
  return only<TopicDescription>(await service.describeTopics(context, { names: [topic] }));
}

async function offsetsOf(service: LogService, context: RequestContext, topic: string, count: number) {
  const starts = await listAll(service, context, { topic, count, timestamp: EARLIEST_TIMESTAMP });
  const ends = await listAll(service, context, { topic, count, timestamp: LATEST_TIMESTAMP });
  return starts.map((logStartOffset, partition) => {
    return { partition, logStartOffset, highWatermark: present(ends[partition], "an end for each start") };
  });
}

/** The offset for one special timestamp in each partition, in as many requests as it takes. */
async function listAll(
  service: LogService,
  context: RequestContext,
  { topic, count, timestamp }: { topic: string; count: number; timestamp: number },
): Promise<number[]> {
  const offsets: number[] = [];
  for (let first = 0; first < count; first += requestPartitionsMax) {
    const length = Math.min(requestPartitionsMax, count - first);
    const partitions = Array.from({ length }, (_, index) => ({ topic, partition: first + index, timestamp }));
    const reply = await service.listOffsets(context, { isolation: "read_uncommitted", partitions });
    offsets.push(...reply.partitions.map((result) => offsetOf(result)));
  }
  return offsets;
}

function offsetOf(result: PartitionResult<ListedOffset>): number {
  if (!result.ok) throw result.error;
  return result.offset;
}

/** The answer about the one topic that was asked for; its error becomes the request's. */
export function only<Answer>(results: readonly TopicResult<Answer>[]): { topic: string } & Answer {
  const result = present(results[0], "an answer for the topic");
  if (!result.ok) throw result.error;
  return withoutOk(result);
}

function withoutOk<Answer>(result: { readonly topic: string; readonly ok: true } & Answer): { topic: string } & Answer {
  const { ok: _, ...answer } = result;
  return answer as unknown as { topic: string } & Answer;
}
