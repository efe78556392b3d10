import type { Call } from "../../base/call.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { readAttemptsMax } from "../../base/limits.ts";
import { absent, equal, remove, set } from "../../storage/item-change.ts";
import { topicKey } from "../../storage/item-keys.ts";
import { decodeTopic, encodeTopicChange, TOPIC, type Topic, type TopicChange } from "../../storage/items/topic.ts";
import type { LogContext } from "../log-context.ts";
import { makePartitions } from "./make-partitions.ts";
import { checkTopicConfigs } from "./topic-configs.ts";
import { putTopicObject } from "./topic-object.ts";

/**
 * Changes partitions and configs of an open topic; `change` throws what it refuses. First the item notes what the
 * next version will be, and of several that note something one wins; then the object of that version is written,
 * the same whoever writes it and however late; then the version counts. Whoever finds a change half done ends it.
 */
async function changeTopic(
  context: LogContext,
  topic: Topic,
  change: (current: Topic) => TopicChange,
  call: Call,
): Promise<Topic> {
  let notedAt: number | undefined;
  let mayStand = false;
  for (let attempt = 1; attempt <= readAttemptsMax; attempt++) {
    try {
      const current = await readOpen(context, topic, call);
      if (current.pending !== undefined) await finishChange(context, current, current.pending, call);
      else if (notedAt !== undefined && current.version > notedAt) return current;
      else {
        const wanted = change(current);
        if (isSame(current, wanted)) return current;
        const stoodBefore: boolean = mayStand;
        mayStand = true;
        if (await noteChange(context, current, wanted, call)) notedAt = current.version;
        else mayStand = stoodBefore;
      }
    } catch (error) {
      if (!isLogError(error)) throw error;
      const again = error.retriable && error.code !== "UnknownTopicOrPartition" && attempt < readAttemptsMax;
      if (!again) throw mayStand ? error.withEffect("unknown") : error;
    }
  }
  throw new LogError("StoreConflict", `topic ${topic.name} is being changed by others: try again`, {
    effect: mayStand ? "unknown" : "none",
    details: { topic: topic.name },
  });
}

async function readOpen(context: LogContext, { topicId, name }: Topic, call: Call): Promise<Topic> {
  const item = await context.items.get(topicKey(topicId), call);
  const current = item === undefined ? undefined : decodeTopic(item);
  if (current?.state === "open") return current;
  throw new LogError("UnknownTopicOrPartition", `topic ${name} was deleted meanwhile`, { details: { topic: name } });
}

/** False when another change came first. */
async function noteChange(context: LogContext, current: Topic, wanted: TopicChange, call: Call): Promise<boolean> {
  const conditions = [equal(TOPIC.state, "open"), equal(TOPIC.version, current.version), absent(TOPIC.pending)];
  const changes = [set(TOPIC.pending, encodeTopicChange(wanted))];
  return (await context.items.update(topicKey(current.topicId), changes, conditions, call)).ok;
}

/** Every step may be taken twice, or late: an item that has gone on meanwhile refuses, and is looked at again. */
async function finishChange(context: LogContext, current: Topic, pending: TopicChange, call: Call): Promise<void> {
  const version = current.version + 1;
  await putTopicObject(context, { ...current, ...pending, version }, call);
  await makePartitions(context, current, { from: current.partitions, to: pending.partitions }, call);
  await context.items.update(
    topicKey(current.topicId),
    [
      set(TOPIC.partitions, pending.partitions),
      set(TOPIC.configs, { ...pending.configs }),
      set(TOPIC.version, version),
      remove(TOPIC.pending),
    ],
    [equal(TOPIC.state, "open"), equal(TOPIC.version, current.version)],
    call,
  );
}

function isSame(current: Topic, wanted: TopicChange): boolean {
  const names = Object.keys(wanted.configs);
  return (
    wanted.partitions === current.partitions &&
    names.length === Object.keys(current.configs).length &&
    names.every((name) => wanted.configs[name] === current.configs[name])
  );
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
