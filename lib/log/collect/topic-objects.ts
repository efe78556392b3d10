import type { Call } from "../../base/call.ts";
import { parseTopicId, type Stamp, type TopicId } from "../../base/ids.ts";
import { collectionObjectsMax } from "../../base/limits.ts";
import { topicKey } from "../../storage/item-keys.ts";
import { decodeTopic, type Topic } from "../../storage/items/topic.ts";
import { parseSegmentKey, parseSegmentPieceKey, TOPICS_PREFIX, topicObjectKey } from "../../storage/object-keys.ts";
import type { ListedObject } from "../../storage/object-store.ts";
import type { LogContext } from "../log-context.ts";
import { abandonCreation, finishDeletion } from "../topics/delete-topic.ts";
import type { Candidate } from "./candidate.ts";
import { removePartitionItems } from "./remove-partition-items.ts";
import type { CandidatePage } from "./staged-objects.ts";

/** Objects of topics: segments, and pieces of some, that are old enough, and the topic object itself where its topic has a tombstone. */
export interface TopicObjectPage extends CandidatePage {
  /** Topic objects of deleted topics: no partition needs to be asked about them. */
  readonly tombstoned: readonly ListedObject[];
}

/**
 * Objects under their topics, in order of keys. A topic whose deletion has begun is deleted to the end on the way,
 * whoever had begun it: its partitions have no head and no control then, and nothing can be referred to in them. So is
 * one whose creation has long been cut off.
 */
export async function topicObjects(
  context: LogContext,
  { after, upTo, dryRun }: { readonly after: string; readonly upTo: Stamp; readonly dryRun: boolean },
  call: Call,
): Promise<TopicObjectPage> {
  const listed = await context.objects.list(TOPICS_PREFIX, call, { startAfter: after, limit: collectionObjectsMax });
  const deleted = await deletedTopics(context, listed.objects, { upTo, dryRun }, call);
  const candidates: Candidate[] = [];
  const tombstoned: ListedObject[] = [];
  let undecided = 0;
  for (const object of listed.objects) {
    const segment = parseSegmentKey(object.key) ?? parseSegmentPieceKey(object.key);
    if (segment !== undefined) {
      const { topicId, partition, stamp } = segment;
      const candidate = { name: object.key, bytes: object.bytes, stamp, owners: [{ topicId, partition }] };
      if (stamp <= upTo) candidates.push(candidate);
    } else if (isTopicObject(object.key)) {
      if (deleted.has(topicOf(object.key))) tombstoned.push(object);
    } else undecided++;
  }
  return { candidates, tombstoned, undecided, next: listed.more ? listed.objects.at(-1)?.key : undefined };
}

function topicOf(key: string): TopicId | undefined {
  return parseTopicId(key.slice(TOPICS_PREFIX.length).split("/")[0] ?? "");
}

function isTopicObject(key: string): boolean {
  const topicId = topicOf(key);
  return topicId !== undefined && key === topicObjectKey(topicId);
}

/** Those of the topics named by keys that are deleted, or never came to be; what is left to do has been done. */
async function deletedTopics(
  context: LogContext,
  objects: readonly ListedObject[],
  { upTo, dryRun }: { readonly upTo: Stamp; readonly dryRun: boolean },
  call: Call,
): Promise<ReadonlySet<TopicId | undefined>> {
  const deleted = new Set<TopicId | undefined>();
  for (const topicId of new Set(objects.map(({ key }) => topicOf(key)))) {
    if (topicId === undefined) continue;
    const item = await context.items.get(topicKey(topicId), call);
    const topic = item === undefined ? undefined : decodeTopic(item);
    if (topic === undefined || !(topic.state === "deleting" || isAbandoned(topic, upTo))) continue;
    const doomed = dryRun || topic.state === "deleting" ? topic : await abandonCreation(context, topic, call);
    if (doomed === undefined) continue;
    deleted.add(topicId);
    if (!dryRun) await finish(context, doomed, call);
  }
  return deleted;
}

/** A creation that has gone on for so long has been cut off, or was lost to another of its name. */
function isAbandoned({ state, createdAtMs = 0 }: Topic, upTo: Stamp): boolean {
  return state === "creating" && createdAtMs <= upTo;
}

async function finish(context: LogContext, topic: Topic, call: Call): Promise<void> {
  await finishDeletion(context, topic, call);
  for (let partition = 0; partition < topic.partitions; partition++) {
    await removePartitionItems(context, { topicId: topic.topicId, partition }, call);
  }
}
