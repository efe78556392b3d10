import { LogError } from "../../base/errors.ts";
import { type CommitId, parseTopicId, type Stamp, type TopicId } from "../../base/ids.ts";
import type { Item, ItemMap, Path } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

export type PartitionState = "open" | "closed";

/** One commit in the tail, still packed (`decodeEntry`). */
export interface TailEntry {
  readonly id: CommitId;
  readonly base: number;
  readonly packed: Uint8Array;
}

/** The one item per partition that decides order. */
export interface Head {
  readonly topicId: TopicId;
  readonly state: PartitionState;
  /** Leader epoch. */
  readonly epoch: number;
  /** The next offset to be given: the high watermark. */
  readonly next: number;
  readonly logStart: number;
  /** Offsets from here on are in the tail; below, in index items. */
  readonly tailBase: number;
  /** In order of offsets. */
  readonly tail: readonly TailEntry[];
  readonly tailCount: number;
  readonly tailBytes: number;
  /** Producer id (decimal) to packed state. */
  readonly producers: ItemMap;
  readonly producerCount: number;
  /** How often a producer was moved out; installing one requires that it has not changed. */
  readonly spills: number;
  /** Commits and staged bytes that bear a stamp at or below are refused. */
  readonly horizon: Stamp;
  /** Bytes of all batches ever committed. */
  readonly bytes: number;
}

const VERSION = 1;

/** Attribute paths, named once: every change and condition on a head is made of these. */
export const HEAD = {
  topicId: ["topicId"],
  state: ["state"],
  epoch: ["epoch"],
  next: ["next"],
  logStart: ["logStart"],
  tailBase: ["tailBase"],
  tailCount: ["tailCount"],
  tailBytes: ["tailBytes"],
  producerCount: ["producerCount"],
  spills: ["spills"],
  horizon: ["horizon"],
  bytes: ["bytes"],
  entry: (id: CommitId): Path => ["tail", id],
  base: (id: CommitId): Path => ["bases", id],
  producer: (id: number): Path => ["producers", String(id)],
} as const satisfies Record<string, Path | ((id: never) => Path)>;

/** A new partition's: empty, open, with no horizon yet. */
export function newHead(topicId: TopicId): Item {
  return {
    v: VERSION,
    topicId,
    state: "open",
    epoch: 0,
    next: 0,
    logStart: 0,
    tailBase: 0,
    tail: {},
    bases: {},
    tailCount: 0,
    tailBytes: 0,
    producers: {},
    producerCount: 0,
    spills: 0,
    horizon: 0,
    bytes: 0,
    transactions: {},
  };
}

export function decodeHead(item: Item): Head {
  const read = new AttributeReader(item, "head", VERSION);
  const topicId = parseTopicId(read.text("topicId"));
  if (topicId === undefined) throw new LogError("CorruptItem", "head: attribute topicId is no topic id");
  return {
    topicId,
    state: read.oneOf("state", ["open", "closed"]),
    epoch: read.number("epoch"),
    next: read.number("next"),
    logStart: read.number("logStart"),
    tailBase: read.number("tailBase"),
    tail: decodeTail(read.map("tail"), read.map("bases")),
    tailCount: read.number("tailCount"),
    tailBytes: read.number("tailBytes"),
    producers: read.map("producers"),
    producerCount: read.number("producerCount"),
    spills: read.number("spills"),
    horizon: read.number("horizon") as Stamp,
    bytes: read.number("bytes"),
  };
}

function decodeTail(tail: ItemMap, bases: ItemMap): TailEntry[] {
  const entries: TailEntry[] = [];
  for (const id of Object.keys(tail)) {
    const packed = tail[id];
    const base = bases[id];
    if (!(packed instanceof Uint8Array) || typeof base !== "number") {
      throw new LogError("CorruptItem", `head: entry ${id} has no bytes or no base offset`);
    }
    entries.push({ id: id as CommitId, base, packed });
  }
  return entries.sort((a, b) => a.base - b.base);
}
