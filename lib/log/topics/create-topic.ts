import type { Call } from "../../base/call.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { newTopicId } from "../../base/ids.ts";
import { readAttemptsMax } from "../../base/limits.ts";
import { equal, itemAbsent, set } from "../../storage/item-change.ts";
import { topicKey, topicNameKey } from "../../storage/item-keys.ts";
import { decodeTopicName, encodeTopic, encodeTopicName, TOPIC, type Topic } from "../../storage/items/topic.ts";
import type { LogContext } from "../log-context.ts";
import { makePartitions } from "./make-partitions.ts";
import type { ConfigValues } from "./topic-configs.ts";
import { putTopicObject } from "./topic-object.ts";

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly configs: ConfigValues;
}

/**
 * Creates a topic whose name, partition count and configs have been checked. Its heads exist before the name
 * points to it, so that whoever finds the name can append. Of several that create one name, one wins; what the
 * others made stays without a name.
 */
export async function createTopic(context: LogContext, wanted: NewTopic, call: Call): Promise<Topic> {
  if ((await context.items.get(topicNameKey(wanted.name), call)) !== undefined) throw alreadyExists(wanted.name);
  const topicId = newTopicId(context.runtime.random);
  const topic: Topic = { ...wanted, topicId, state: "creating", version: 1 };
  await putTopicObject(context, topic, call);
  await putTopicItem(context, topic, call);
  await makePartitions(context, topic, { from: 0, to: topic.partitions }, call);
  await openTopic(context, topic, call);
  return { ...topic, state: "open", version: topic.version + 1 };
}

/** The id is new, so whatever already stands there is the own first attempt. */
async function putTopicItem(context: LogContext, topic: Topic, call: Call): Promise<void> {
  const changes = Object.entries(encodeTopic(topic)).map(([name, value]) => set([name], value));
  for (let attempt = 1; ; attempt++) {
    try {
      await context.items.update(topicKey(topic.topicId), changes, [itemAbsent], call);
      return;
    } catch (error) {
      if (!isLogError(error) || !error.retriable || attempt >= readAttemptsMax) throw error;
    }
  }
}

async function openTopic(context: LogContext, topic: Topic, call: Call): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const outcome = await context.items.transact(
        [
          {
            kind: "put",
            key: topicNameKey(topic.name),
            item: encodeTopicName(topic.topicId),
            conditions: [itemAbsent],
          },
          {
            kind: "update",
            key: topicKey(topic.topicId),
            changes: [set(TOPIC.state, "open"), set(TOPIC.version, topic.version + 1)],
            conditions: [equal(TOPIC.state, "creating")],
          },
        ],
        call,
      );
      if (outcome.ok) return;
    } catch (error) {
      if (!isLogError(error) || !error.retriable || attempt >= readAttemptsMax) throw error;
      continue;
    }
    // Refused: the name is taken, by another or by the own first attempt whose answer was lost.
    const pointer = await context.items.get(topicNameKey(topic.name), call);
    if (pointer !== undefined && decodeTopicName(pointer) === topic.topicId) return;
    throw alreadyExists(topic.name);
  }
}

export function alreadyExists(name: string): LogError {
  return new LogError("TopicAlreadyExists", `topic ${name} already exists`, { details: { topic: name } });
}
