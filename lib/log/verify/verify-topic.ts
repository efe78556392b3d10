import { messageOf } from "../../base/errors.ts";
import type { TopicId } from "../../base/ids.ts";
import { TOPIC_NAMES_PK, topicKey } from "../../storage/item-keys.ts";
import { decodeTopic, decodeTopicName, type Topic } from "../../storage/items/topic.ts";
import { topicObjectPrefix } from "../../storage/object-keys.ts";
import { decodeTopicObject, findTopicObject } from "../topics/topic-object.ts";
import { type Findings, itemFile } from "./damage.ts";
import type { VerifyRun } from "./verify-run.ts";

const PAGE_NAMES = 1000;

export interface NamedTopic {
  readonly name: string;
  readonly topicId: TopicId;
}

/** All names of topics, in the order of the topics' ids, in which a cursor counts. */
export async function namedTopics(run: VerifyRun): Promise<readonly NamedTopic[]> {
  const topics: NamedTopic[] = [];
  for (let from = "", more = true; more; ) {
    const page = await run.stores.items.query({ pk: TOPIC_NAMES_PK, from, limit: PAGE_NAMES }, run.newCall());
    for (const { key, item } of page.items) {
      try {
        topics.push({ name: key.sk, topicId: decodeTopicName(item) });
      } catch (error) {
        run.report([{ file: itemFile(key), what: messageOf(error) }], { topic: key.sk });
      }
    }
    more = page.more;
    from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
  }
  return topics.sort((a, b) => (a.topicId < b.topicId ? -1 : 1));
}

/** A topic's own item and object; undefined when there is nothing to go on with: damaged, or deleted meanwhile. */
export async function verifyTopic(run: VerifyRun, { name, topicId }: NamedTopic): Promise<Topic | undefined> {
  const file = itemFile(topicKey(topicId));
  const item = await run.stores.items.get(topicKey(topicId), run.newCall());
  if (item === undefined) {
    run.report([{ file, what: "a topic's name points to it, and it does not exist" }], { topic: name });
    return undefined;
  }
  const findings: Findings = [];
  let topic: Topic | undefined;
  try {
    topic = decodeTopic(item);
    if (topic.state !== "open") return undefined;
    if (topic.topicId !== topicId || topic.name !== name) {
      findings.push({ file, what: `it is that of topic ${topic.name}, id ${topic.topicId}` });
    }
    findings.push(...(await wrongObject(run, topic)));
  } catch (error) {
    findings.push({ file, what: messageOf(error) });
  }
  run.report(findings, { topic: name });
  return topic;
}

async function wrongObject(run: VerifyRun, topic: Topic): Promise<Findings> {
  const { objects } = run.stores;
  const found = await findTopicObject(objects, topic.topicId, run.newCall);
  const file = found ?? `${topicObjectPrefix(topic.topicId)}-*.json`;
  const body = found === undefined ? undefined : await objects.get(found, run.newCall());
  if (body === undefined) return [{ file, what: "it does not exist: a restore would not find the topic" }];
  try {
    const stored = decodeTopicObject(body, file);
    if (stored.topicId !== topic.topicId || stored.name !== topic.name || stored.partitions < topic.partitions) {
      const what = `it tells of topic ${stored.name} with ${stored.partitions} partitions, id ${stored.topicId}`;
      return [{ file, what }];
    }
    return [];
  } catch (error) {
    return [{ file, what: messageOf(error) }];
  }
}
