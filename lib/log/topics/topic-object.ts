import { utf8 } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import type { Topic } from "../../storage/items/topic.ts";
import { topicObjectKey } from "../../storage/object-keys.ts";
import type { LogContext } from "../log-context.ts";

/** The topic as the object store alone knows it: what a restore from it starts with. Written before the item. */
export async function putTopicObject(context: LogContext, topic: Topic, call: Call): Promise<void> {
  const { topicId, name, partitions, configs, version } = topic;
  const body = utf8(`${JSON.stringify({ format: 1, topicId, name, partitions, configs, version }, null, 2)}\n`);
  await context.objects.put(topicObjectKey(topicId), [body], call);
}
