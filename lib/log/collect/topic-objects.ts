import type { Call } from "../../base/call.ts";
import { parseTopicId, type Stamp, type TopicId } from "../../base/ids.ts";
import { collectionObjectsMax } from "../../base/limits.ts";
import { topicKey } from "../../storage/item-keys.ts";
import { decodeTopic, type Topic } from "../../storage/items/topic.ts";
import {
  parseSegmentKey,
  parseSegmentPieceKey,
  parseTopicObjectKey,
  TOPICS_PREFIX,
} from "../../storage/object-keys.ts";
import type { ListedObject } from "../../storage/object-store.ts";
import type { LogContext } from "../log-context.ts";
import { abandonCreation, finishDeletion } from "../topics/delete-topic.ts";
import type { Candidate } from "./candidate.ts";
import { removePartitionItems } from "./remove-partition-items.ts";
import type { CandidatePage } from "./staged-objects.ts";

/** Objects of topics: segments, and pieces of some, that are old enough; and what tells of the topics themselves. */
export interface TopicObjectPage extends CandidatePage {
  /** Versions of topics that a newer one, or a tombstone, stands above: no partition needs to be asked about them. */
  readonly superseded: readonly ListedObject[];
  /** Of deleted topics, the last to go. */
  readonly tombstones: readonly ListedObject[];
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
  const topics = await knownTopics(context, listed.objects, { upTo, dryRun }, call);
  const candidates: Candidate[] = [];
  const tombstones: ListedObject[] = [];
  const versions: VersionObject[] = [];
  let undecided = 0;
  for (const object of listed.objects) {
    const segment = parseSegmentKey(object.key) ?? parseSegmentPieceKey(object.key);
    if (segment !== undefined) {
      const { topicId, partition, stamp } = segment;
      const candidate = { name: object.key, bytes: object.bytes, stamp, owners: [{ topicId, partition }] };
      if (stamp <= upTo) candidates.push(candidate);
      continue;
    }
    const name = parseTopicObjectKey(object.key);
    const topic = name === undefined ? undefined : topics.get(name.topicId);
    if (name === undefined) undecided++;
    else if (topic === undefined) continue;
    else if (Number.isFinite(name.version)) versions.push({ object, version: name.version, topic });
    else if (topic.deleted) tombstones.push(object);
  }
  const next = listed.more ? listed.objects.at(-1)?.key : undefined;
  return { candidates, superseded: supersededOf(versions), tombstones, undecided, next };
}

interface VersionObject {
  readonly object: ListedObject;
  readonly version: number;
  readonly topic: KnownTopic;
}

/** What lies above the item's version is of a change under way. A page that ends amid versions leaves one more. */
function supersededOf(versions: readonly VersionObject[]): readonly ListedObject[] {
  const newest = new Map<KnownTopic, number>();
  const counted = versions.filter(({ version, topic }) => topic.deleted || version <= topic.version);
  for (const { version, topic } of counted) newest.set(topic, Math.max(version, newest.get(topic) ?? 0));
  return counted
    .filter(({ version, topic }) => topic.deleted || version < (newest.get(topic) ?? 0))
    .map(({ object }) => object);
}

function topicOf(key: string): TopicId | undefined {
  return parseTopicId(key.slice(TOPICS_PREFIX.length).split("/")[0] ?? "");
}

interface KnownTopic {
  readonly version: number;
  /** It is deleted, or never came to be; what was left to do has been done. */
  readonly deleted: boolean;
}

/** The topics named by keys, as far as they have an item. */
async function knownTopics(
  context: LogContext,
  objects: readonly ListedObject[],
  { upTo, dryRun }: { readonly upTo: Stamp; readonly dryRun: boolean },
  call: Call,
): Promise<ReadonlyMap<TopicId, KnownTopic>> {
  const known = new Map<TopicId, KnownTopic>();
  for (const topicId of new Set(objects.map(({ key }) => topicOf(key)))) {
    if (topicId === undefined) continue;
    const item = await context.items.get(topicKey(topicId), call);
    const topic = item === undefined ? undefined : decodeTopic(item);
    if (topic === undefined) continue;
    const doomed = await doomedOf(context, topic, { upTo, dryRun }, call);
    known.set(topicId, { version: topic.version, deleted: doomed !== undefined });
    if (doomed !== undefined && !dryRun) await finish(context, doomed, call);
  }
  return known;
}

async function doomedOf(
  context: LogContext,
  topic: Topic,
  { upTo, dryRun }: { readonly upTo: Stamp; readonly dryRun: boolean },
  call: Call,
): Promise<Topic | undefined> {
  if (topic.state === "deleting") return topic;
  if (!isAbandoned(topic, upTo)) return undefined;
  return dryRun ? topic : abandonCreation(context, topic, call);
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
