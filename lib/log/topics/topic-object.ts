import * as z from "zod";
import { strictTextOf, utf8 } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { LogError, messageOf } from "../../base/errors.ts";
import { parseTopicId, type TopicId } from "../../base/ids.ts";
import type { Topic } from "../../storage/items/topic.ts";
import {
  parseTopicObjectKey,
  topicObjectKey,
  topicObjectPrefix,
  topicTombstoneKey,
} from "../../storage/object-keys.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { repeatWhileRetriable } from "../repeat-while-retriable.ts";

/** What the object store alone knows of a topic. */
export interface StoredTopic {
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
  readonly version: number;
  /** Its name was given up: a restore leaves it alone. */
  readonly deleted: boolean;
}

/**
 * The topic's version as the object store alone knows it, or that it is deleted: what a restore from it starts with.
 * A version is written before it counts, so that what is done is never without it.
 */
export async function putTopicObject(
  { objects }: { readonly objects: Pick<ObjectStore, "put"> },
  topic: Topic,
  call: Call,
): Promise<void> {
  const { topicId, name, partitions, configs, version } = topic;
  const deleted = topic.state === "deleting";
  const key = deleted ? topicTombstoneKey(topicId) : topicObjectKey(topicId, version);
  const body = { format: 1, topicId, name, partitions, configs, version, ...(deleted ? { deleted } : {}) };
  const text = utf8(`${JSON.stringify(body, null, 2)}\n`);
  await repeatWhileRetriable(() => objects.put(key, [text], call));
}

/** The key of what tells of a topic as it is: its tombstone, else its newest version; undefined without any. */
export async function findTopicObject(
  objects: Pick<ObjectStore, "list">,
  topicId: TopicId,
  newCall: () => Call,
): Promise<string | undefined> {
  let newest: { readonly key: string; readonly version: number } | undefined;
  let startAfter = "";
  for (let more = true; more; ) {
    const options = startAfter === "" ? {} : { startAfter };
    const page = await objects.list(topicObjectPrefix(topicId), newCall(), options);
    for (const { key } of page.objects) {
      const version = parseTopicObjectKey(key)?.version ?? -1;
      if (version > (newest?.version ?? -1)) newest = { key, version };
    }
    startAfter = page.objects.at(-1)?.key ?? "";
    more = page.more && startAfter !== "";
  }
  return newest?.key;
}

const TOPIC_OBJECT = z.object({
  format: z.literal(1),
  topicId: z.string(),
  name: z.string().min(1),
  partitions: z.int().min(1),
  configs: z.record(z.string(), z.string()),
  version: z.int(),
  deleted: z.boolean().optional(),
});

/** Fails with `CorruptObject`. */
export function decodeTopicObject(body: Uint8Array, objectKey: string): StoredTopic {
  try {
    const stored = TOPIC_OBJECT.parse(JSON.parse(strictTextOf(body) ?? ""));
    const topicId = parseTopicId(stored.topicId);
    if (topicId !== undefined) return { ...stored, topicId, deleted: stored.deleted === true };
  } catch (cause) {
    const how = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new LogError("CorruptObject", `${objectKey} cannot be read: ${how}`, { details: { objectKey }, cause });
  }
  throw new LogError("CorruptObject", `${objectKey} names no topic id`, { details: { objectKey } });
}
