import type { Call } from "../../base/call.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { readAttemptsMax } from "../../base/limits.ts";
import { equal, set } from "../../storage/item-change.ts";
import { topicKey } from "../../storage/item-keys.ts";
import { decodeTopic, TOPIC, type Topic } from "../../storage/items/topic.ts";
import type { LogContext } from "../log-context.ts";
import { makePartitions } from "./make-partitions.ts";
import { checkTopicConfigs } from "./topic-configs.ts";
import { putTopicObject } from "./topic-object.ts";

/**
 * Changes partitions and configs of an open topic under its version; `change` throws what it refuses. The topic's
 * object is written before, so an attempt that loses may have overwritten what the winner wrote: it does not end
 * before the object tells of the topic as it is, deleted or changed.
 */
async function changeTopic(
  context: LogContext,
  topic: Topic,
  change: (current: Topic) => Pick<Topic, "partitions" | "configs">,
  call: Call,
): Promise<Topic> {
  let overwritten = false;
  for (let attempt = 1; attempt <= readAttemptsMax; attempt++) {
    const item = await context.items.get(topicKey(topic.topicId), call);
    const current = item === undefined ? undefined : decodeTopic(item);
    if (current?.state !== "open") {
      if (overwritten && current?.state === "deleting") await putTopicObject(context, current, call);
      break;
    }
    const { refusal, ...wanted } = attemptOf(change, current, overwritten);
    const changed: Topic = { ...current, ...wanted, version: current.version + 1 };
    overwritten = true;
    await putTopicObject(context, changed, call);
    try {
      await makePartitions(context, current, { from: current.partitions, to: changed.partitions }, call);
      const outcome = await context.items.update(
        topicKey(topic.topicId),
        [
          set(TOPIC.partitions, changed.partitions),
          set(TOPIC.configs, { ...changed.configs }),
          set(TOPIC.version, changed.version),
        ],
        [equal(TOPIC.state, "open"), equal(TOPIC.version, current.version)],
        call,
      );
      if (!outcome.ok) continue;
    } catch (error) {
      if (!isLogError(error) || !error.retriable) throw error;
      continue;
    }
    if (refusal !== undefined) throw refusal;
    return changed;
  }
  throw new LogError("UnknownTopicOrPartition", `topic ${topic.name} was changed or deleted meanwhile`, {
    details: { topic: topic.name },
  });
}

interface Attempt extends Pick<Topic, "partitions" | "configs"> {
  /** Why nothing is to change, once the object tells again of the topic as it is. */
  readonly refusal?: unknown;
}

function attemptOf(change: (current: Topic) => Attempt, current: Topic, overwritten: boolean): Attempt {
  try {
    return change(current);
  } catch (refusal) {
    if (!overwritten) throw refusal;
    return { partitions: current.partitions, configs: current.configs, refusal };
  }
}

/** Grows a topic to `totalCount` partitions; `InvalidPartitions` unless that is more than it has. */
export function growTopic(context: LogContext, topic: Topic, totalCount: number, call: Call): Promise<Topic> {
  let grown = false;
  return changeTopic(
    context,
    topic,
    (current) => {
      // A lost answer of the own first attempt looks like a topic that has the partitions already.
      if (totalCount > current.partitions || (grown && totalCount === current.partitions)) {
        grown = true;
        return { partitions: totalCount, configs: current.configs };
      }
      throw new LogError(
        "InvalidPartitions",
        `topic ${topic.name} has ${current.partitions} partitions: ${totalCount} is no growth`,
        {
          details: { topic: topic.name, partitions: current.partitions, totalCount },
        },
      );
    },
    call,
  );
}

/** Sets some configs and removes others; `InvalidConfig` when what comes of it is not valid as a whole. */
export function alterTopicConfigs(
  context: LogContext,
  topic: Topic,
  alteration: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] },
  call: Call,
): Promise<Topic> {
  return changeTopic(
    context,
    topic,
    (current) => {
      const configs: Record<string, string> = { ...current.configs, ...alteration.set };
      for (const name of alteration.remove) delete configs[name];
      checkTopicConfigs(configs);
      return { partitions: current.partitions, configs };
    },
    call,
  );
}
