import type { Call } from "../../base/call.ts";
import { add, type Change, type Condition, equal, set } from "../../storage/item-change.ts";
import { controlKey, headKey, topicKey, topicNameKey } from "../../storage/item-keys.ts";
import type { ItemKey } from "../../storage/item-value.ts";
import { HEAD } from "../../storage/items/head.ts";
import { decodeTopic, decodeTopicName, TOPIC, type Topic } from "../../storage/items/topic.ts";
import type { LogContext } from "../log-context.ts";
import { repeatWhileRetriable } from "../repeat-while-retriable.ts";
import { unknownTopic } from "./topic-catalog.ts";
import { putTopicObject } from "./topic-object.ts";

/** Partitions closed or removed at once. */
const AT_ONCE = 16;

/**
 * Deletes a topic: no new partitions, then every head closed (from there on nothing can be committed), then the
 * name is free, then the heads go. Its item stays as the tombstone by which its bytes are collected. Each step
 * can be repeated, so that a deletion that was cut off is finished by the next.
 */
export async function deleteTopic(context: LogContext, name: string, call: Call): Promise<void> {
  const pointer = await context.items.get(topicNameKey(name), call);
  if (pointer === undefined) throw unknownTopic(name);
  const topicId = decodeTopicName(pointer);
  await repeated(
    context,
    topicKey(topicId),
    [set(TOPIC.state, "deleting"), add(TOPIC.version, 1)],
    [equal(TOPIC.state, "open")],
    call,
  );
  const item = await context.items.get(topicKey(topicId), call);
  if (item === undefined) throw unknownTopic(name);
  await finishDeletion(context, decodeTopic(item), call);
}

/**
 * Gives up a creation that was cut off, or that lost a race: from here on it cannot make heads nor take the name, and
 * what it has made goes as with any topic that is deleted. Undefined when it has come to its end meanwhile.
 */
export async function abandonCreation(context: LogContext, topic: Topic, call: Call): Promise<Topic | undefined> {
  const key = topicKey(topic.topicId);
  const changes = [set(TOPIC.state, "deleting"), add(TOPIC.version, 1)];
  await repeated(context, key, changes, [equal(TOPIC.state, "creating")], call);
  const item = await context.items.get(key, call);
  const now = item === undefined ? undefined : decodeTopic(item);
  return now?.state === "deleting" ? now : undefined;
}

/** All that is left to do for a topic whose deletion has begun; what is done already is done again without harm. */
export async function finishDeletion(context: LogContext, topic: Topic, call: Call): Promise<void> {
  const { topicId, name } = topic;
  // Before the name is free: a restore must not find two topics of one name.
  await putTopicObject(context, { ...topic, state: "deleting" }, call);
  const partitions = await partitionsMade(context, topic, call);
  const closing = [equal(HEAD.topicId, topicId), equal(HEAD.state, "open")];
  await eachPartition(partitions, (partition) =>
    repeated(context, headKey(topicId, partition), [set(HEAD.state, "closed")], closing, call),
  );
  await removeItem(context, topicNameKey(name), [equal(TOPIC.topicId, topicId)], call);
  await eachPartition(partitions, async (partition) => {
    await removeItem(context, headKey(topicId, partition), [equal(HEAD.state, "closed")], call);
    await removeItem(context, controlKey(topicId, partition), [], call);
  });
}

async function eachPartition(partitions: number, action: (partition: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < partitions; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, partitions - first);
    await Promise.all(Array.from({ length: count }, (_, index) => action(first + index)));
  }
}

/** An update that may be applied twice without harm; a refusal means that it is done, or no longer ours to do. */
async function repeated(
  context: LogContext,
  key: ItemKey,
  changes: readonly Change[],
  conditions: readonly Condition[],
  call: Call,
): Promise<void> {
  await repeatWhileRetriable(() => context.items.update(key, changes, conditions, call));
}

async function removeItem(
  context: LogContext,
  key: ItemKey,
  conditions: readonly Condition[],
  call: Call,
): Promise<void> {
  await repeatWhileRetriable(() => context.items.transact([{ kind: "delete", key, conditions }], call));
}

/** Partitions whose heads have been made: a growth that was cut off has left some beyond those of the topic. */
async function partitionsMade(context: LogContext, { topicId, partitions }: Topic, call: Call): Promise<number> {
  let made = partitions;
  while ((await context.items.get(headKey(topicId, made), call)) !== undefined) made++;
  return made;
}
