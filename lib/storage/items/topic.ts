import { LogError } from "../../base/errors.ts";
import { parseTopicId, type TopicId } from "../../base/ids.ts";
import type { Item, ItemMap } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

export type TopicState = "creating" | "open" | "deleting";

/** A topic by id. The item stays after deletion, as the tombstone that lets its bytes be collected. */
export interface Topic {
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
  readonly state: TopicState;
  /** Grows with every change of partitions, configs or state. */
  readonly version: number;
  /** By the clock of the broker that began its creation, ms; not told of topics that a restore has made. */
  readonly createdAtMs?: number;
  /** What the next version will be: begun, and to be finished by whoever comes by. */
  readonly pending?: TopicChange;
}

export type TopicChange = Pick<Topic, "partitions" | "configs">;

const VERSION = 1;

export const TOPIC = {
  partitions: ["partitions"],
  configs: ["configs"],
  state: ["state"],
  version: ["version"],
  pending: ["pending"],
  /** Of a name's item. */
  topicId: ["topicId"],
} as const;

export function encodeTopic({ pending, ...topic }: Topic): Item {
  const item = { v: VERSION, ...topic, configs: { ...topic.configs } };
  return pending === undefined ? item : { ...item, pending: encodeTopicChange(pending) };
}

export function encodeTopicChange({ partitions, configs }: TopicChange): ItemMap {
  return { v: VERSION, partitions, configs: { ...configs } };
}

export function decodeTopic(item: Item): Topic {
  const read = new AttributeReader(item, "topic", VERSION);
  return {
    topicId: topicIdOf(read),
    name: read.text("name"),
    ...changeOf(read),
    state: read.oneOf("state", ["creating", "open", "deleting"]),
    version: read.number("version"),
    ...(read.has("createdAtMs") ? { createdAtMs: read.number("createdAtMs") } : {}),
    ...(read.has("pending")
      ? { pending: changeOf(new AttributeReader(read.map("pending"), "a topic's change", VERSION)) }
      : {}),
  };
}

function changeOf(read: AttributeReader): TopicChange {
  const configs: Record<string, string> = {};
  for (const [name, value] of Object.entries(read.map("configs"))) configs[name] = String(value);
  return { partitions: read.number("partitions"), configs };
}

/** A topic's name points to its id. */
export function encodeTopicName(topicId: TopicId): Item {
  return { v: VERSION, topicId };
}

export function decodeTopicName(item: Item): TopicId {
  return topicIdOf(new AttributeReader(item, "topic name", VERSION));
}

function topicIdOf(read: AttributeReader): TopicId {
  const topicId = parseTopicId(read.text("topicId"));
  if (topicId === undefined) throw new LogError("CorruptItem", "topic: attribute topicId is no topic id");
  return topicId;
}
