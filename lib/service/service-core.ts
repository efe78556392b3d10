import type { RequestContext } from "../api/log-service.ts";
import type { Call } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import type { SingleFlight } from "../base/single-flight.ts";
import type { GroupParts } from "../groups/group-parts.ts";
import type { PartitionRef } from "../log/log-context.ts";
import type { LogEngine } from "../log/log-engine.ts";
import { createTopic } from "../log/topics/create-topic.ts";
import { unknownTopic } from "../log/topics/topic-catalog.ts";
import { checkTopicName } from "../log/topics/topic-name.ts";
import type { Topic } from "../storage/items/topic.ts";
import type { Authorize } from "./authorize.ts";
import type { BrokerSettings } from "./broker-settings.ts";
import type { HighWatermarks } from "./high-watermarks.ts";
import type { Traffic } from "./maintenance/traffic.ts";

/** What every use case is made of. */
export interface ServiceCore {
  readonly engine: LogEngine;
  readonly groups: GroupParts;
  readonly watermarks: HighWatermarks;
  readonly settings: BrokerSettings;
  readonly traffic: Traffic;
  readonly authorize: Authorize;
  /** Creations under way, by name: many produces to a missing topic make it once. */
  readonly creating: SingleFlight<string, Topic>;
}

/** The open topic, perhaps a few seconds old; `UnknownTopicOrPartition` when there is none. */
export async function findTopic(core: ServiceCore, name: string, call: Call): Promise<Topic> {
  checkTopicName(name);
  const topic = await core.engine.catalog.find(name, call);
  if (topic === undefined) throw unknownTopic(name);
  return topic;
}

/** As `findTopic`; creates the topic where that is asked for, allowed, and the server's way. */
export async function findOrCreateTopic(core: ServiceCore, name: string, context: RequestContext): Promise<Topic> {
  checkTopicName(name);
  const found = await core.engine.catalog.find(name, context);
  if (found !== undefined) return found;
  if (!core.settings.autoCreateTopics) throw unknownTopic(name);
  core.authorize(context.principal, "create", { kind: "topic", name });
  return core.creating.run(name, () => create(core, name, context));
}

async function create(core: ServiceCore, name: string, context: RequestContext): Promise<Topic> {
  try {
    const wanted = { name, partitions: core.settings.defaultPartitions, configs: {} };
    const topic = await createTopic(core.engine.context, wanted, context);
    core.engine.catalog.remember(topic);
    return topic;
  } catch (error) {
    if (!isLogError(error, "TopicAlreadyExists")) throw error;
    const created = await core.engine.catalog.findNow(name, context);
    if (created === undefined) throw unknownTopic(name);
    return created;
  }
}

/** The partition of a topic; looks again when the topic may have grown since it was last read. */
export async function findPartition(
  core: ServiceCore,
  topic: Topic,
  partition: number,
  call: Call,
): Promise<PartitionRef> {
  if (!Number.isInteger(partition) || partition < 0) throw unknownPartition(topic, partition);
  if (partition < topic.partitions) return { topicId: topic.topicId, partition };
  const current = await core.engine.catalog.findNow(topic.name, call);
  if (current === undefined || partition >= current.partitions) throw unknownPartition(current ?? topic, partition);
  return { topicId: current.topicId, partition };
}

function unknownPartition(topic: Topic, partition: number): LogError {
  return new LogError(
    "UnknownTopicOrPartition",
    `topic ${topic.name} has partitions 0 to ${topic.partitions - 1}, there is no partition ${partition}`,
    { details: { topic: topic.name, partition, partitions: topic.partitions } },
  );
}

/** Runs once more, on a fresh look at the topic, when its partition turns out to be gone: it may have been recreated. */
export async function onCurrentTopic<T>(core: ServiceCore, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isLogError(error, "UnknownTopicOrPartition")) throw error;
    core.engine.catalog.forget(name);
    return work();
  }
}

/** Whatever was thrown, as an error that an edge can answer with; a broken invariant is reported and hidden. */
export function asLogError(core: ServiceCore, error: unknown): LogError {
  if (error instanceof LogError) return error;
  core.engine.context.runtime.logger.error("an invariant is broken", {
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return new LogError("UnknownServerError", "an internal error; the server's log has the details", {
    effect: "unknown",
    cause: error,
  });
}
