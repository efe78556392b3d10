import type { Call } from "../../base/call.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { newTopicId } from "../../base/ids.ts";
import { equal, itemAbsent, set, type TransactPart } from "../../storage/item-change.ts";
import { topicKey, topicNameKey } from "../../storage/item-keys.ts";
import { decodeTopicName, encodeTopic, encodeTopicName, TOPIC, type Topic } from "../../storage/items/topic.ts";
import type { LogContext } from "../log-context.ts";
import { repeatWhileRetriable } from "../repeat-while-retriable.ts";
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
 * others made stays without a name, and is collected as what a creation that was cut off has left.
 */
export async function createTopic(context: LogContext, wanted: NewTopic, call: Call): Promise<Topic> {
  if ((await context.items.get(topicNameKey(wanted.name), call)) !== undefined) throw alreadyExists(wanted.name);
  const topicId = newTopicId(context.runtime.random);
  const createdAtMs = context.runtime.clock.nowMs();
  const topic: Topic = { ...wanted, topicId, state: "creating", version: 1, createdAtMs };
  await putTopicObject(context, topic, call);
  await putTopicItem(context, topic, call);
  await makePartitions(context, topic, { from: 0, to: topic.partitions }, call);
  await openTopic(context, topic, call);
  const opened: Topic = { ...topic, state: "open", version: topic.version + 1 };
  await tellOpened(context, opened, call);
  return opened;
}

/** By its second version a restore tells the topic from those that lost its name, and were never used. */
async function tellOpened(context: LogContext, opened: Topic, call: Call): Promise<void> {
  try {
    await putTopicObject(context, opened, call);
  } catch (error) {
    throw isLogError(error) ? error.withEffect("unknown") : error;
  }
}

/** The id is new, so whatever already stands there is the own first attempt. */
async function putTopicItem(context: LogContext, topic: Topic, call: Call): Promise<void> {
  const changes = Object.entries(encodeTopic(topic)).map(([name, value]) => set([name], value));
  await repeatWhileRetriable(() => context.items.update(topicKey(topic.topicId), changes, [itemAbsent], call));
}

async function openTopic(context: LogContext, topic: Topic, call: Call): Promise<void> {
  const parts: readonly TransactPart[] = [
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
  ];
  const outcome = await repeatWhileRetriable(() => context.items.transact(parts, call));
  if (outcome.ok) return;
  // Refused: the name is taken, by another or by the own first attempt whose answer was lost; or it took so long
  // that what was made of the topic has been cleared away.
  const pointer = await context.items.get(topicNameKey(topic.name), call);
  if (pointer === undefined) throw abandoned(topic.name);
  if (decodeTopicName(pointer) !== topic.topicId) throw alreadyExists(topic.name);
}

function abandoned(name: string): LogError {
  return new LogError("StoreConflict", `the creation of topic ${name} took too long, and was given up`, {
    details: { topic: name },
  });
}

export function alreadyExists(name: string): LogError {
  return new LogError("TopicAlreadyExists", `topic ${name} already exists`, { details: { topic: name } });
}
