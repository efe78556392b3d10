import { isLogError } from "../../base/errors.ts";
import { parseTopicId, type TopicId } from "../../base/ids.ts";
import { parseSegmentKey, TOPICS_PREFIX, topicObjectPrefix } from "../../storage/object-keys.ts";
import { decodeTopicObject, findTopicObject, type StoredTopic } from "../topics/topic-object.ts";
import type { RestoreRun } from "./restore-run.ts";

/** Follows every character that a key may have. */
const AFTER_ANY = "~";

/** Topics as the object store tells of them, each name once; those deleted, of which only a tombstone is left. */
export interface StoredTopics {
  readonly topics: readonly StoredTopic[];
  readonly deleted: readonly StoredTopic[];
}

/**
 * Finds all topics. Two of one name come about when a creation lost a race or was cut off, and nothing was ever
 * written to the loser: the one with the newest segment is taken; without segments, the one of a later version, since
 * only a topic that was opened has more than one.
 */
export async function findTopics(run: RestoreRun): Promise<StoredTopics> {
  const byName = new Map<string, StoredTopic[]>();
  const deleted: StoredTopic[] = [];
  for await (const topicId of topicIds(run)) {
    const topic = await readTopic(run, topicId);
    if (topic === undefined) continue;
    if (topic.deleted) deleted.push(topic);
    else byName.set(topic.name, [...(byName.get(topic.name) ?? []), topic]);
  }
  const topics: StoredTopic[] = [];
  for (const namesakes of byName.values()) topics.push(await oneOf(run, namesakes));
  return { topics: topics.sort((a, b) => (a.topicId < b.topicId ? -1 : 1)), deleted };
}

/** One listing per topic, however many segments it has. */
async function* topicIds(run: RestoreRun): AsyncGenerator<TopicId> {
  for (let startAfter = ""; ; ) {
    const options = startAfter === "" ? { limit: 1 } : { limit: 1, startAfter };
    const page = await run.objects.list(TOPICS_PREFIX, run.newCall(), options);
    const [found] = page.objects;
    if (found === undefined) return;
    const part = found.key.slice(TOPICS_PREFIX.length).split("/")[0] ?? "";
    const topicId = parseTopicId(part);
    if (topicId === undefined) run.leave(found.key, "it lies under no topic id");
    else yield topicId;
    startAfter = `${TOPICS_PREFIX}${part}/${AFTER_ANY}`;
  }
}

async function readTopic(run: RestoreRun, topicId: TopicId): Promise<StoredTopic | undefined> {
  const key = await findTopicObject(run.objects, topicId, run.newCall);
  const body = key === undefined ? undefined : await run.objects.get(key, run.newCall());
  if (key === undefined || body === undefined) {
    run.leave(
      `${topicObjectPrefix(topicId)}-*.json`,
      "there is none: the topic's name and partitions are not known, its segments are left where they are",
    );
    return undefined;
  }
  try {
    return decodeTopicObject(body, key);
  } catch (error) {
    if (!isLogError(error, "CorruptObject")) throw error;
    run.leave(key, `${error.message}: the topic's segments are left where they are`);
    return undefined;
  }
}

async function oneOf(run: RestoreRun, namesakes: readonly StoredTopic[]): Promise<StoredTopic> {
  const [first] = namesakes;
  if (first !== undefined && namesakes.length === 1) return first;
  const dated = await Promise.all(namesakes.map(async (topic) => ({ topic, stamp: await newestStamp(run, topic) })));
  const [taken, ...others] = dated.sort(
    (a, b) => b.stamp - a.stamp || b.topic.version - a.topic.version || (a.topic.topicId < b.topic.topicId ? -1 : 1),
  );
  for (const { topic, stamp } of others) {
    const had = stamp < 0 ? "it has no segments" : "its segments are older, and left where they are";
    run.leave(`${topicObjectPrefix(topic.topicId)}-*.json`, `another topic has the name ${topic.name}, and ${had}`);
  }
  return (taken as { topic: StoredTopic }).topic;
}

async function newestStamp(run: RestoreRun, { topicId }: StoredTopic): Promise<number> {
  let newest = -1;
  for await (const { key } of run.objectsUnder(`${TOPICS_PREFIX}${topicId}/`)) {
    newest = Math.max(newest, parseSegmentKey(key)?.stamp ?? -1);
  }
  return newest;
}
