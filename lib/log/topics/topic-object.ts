import * as z from "zod";
import { strictTextOf, utf8 } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { LogError, messageOf } from "../../base/errors.ts";
import { parseTopicId, type TopicId } from "../../base/ids.ts";
import type { Topic } from "../../storage/items/topic.ts";
import { topicObjectKey } from "../../storage/object-keys.ts";
import type { LogContext } from "../log-context.ts";

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

/** The topic as the object store alone knows it: what a restore from it starts with. Written before the item. */
export async function putTopicObject(context: LogContext, topic: Topic, call: Call): Promise<void> {
  const { topicId, name, partitions, configs, version } = topic;
  const deleted = topic.state === "deleting";
  const body = { format: 1, topicId, name, partitions, configs, version, ...(deleted ? { deleted } : {}) };
  await context.objects.put(topicObjectKey(topicId), [utf8(`${JSON.stringify(body, null, 2)}\n`)], call);
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
