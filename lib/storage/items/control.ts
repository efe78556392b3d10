import { LogError } from "../../base/errors.ts";
import type { Stamp, TopicId } from "../../base/ids.ts";
import type { Item, ItemValue } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

/** Where a leader epoch began. */
export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

/** The second item per partition, rarely written: it decides which index items exist. */
export interface Control {
  readonly topicId: string;
  /** Index items cover the log up to here. */
  readonly spilledEnd: number;
  /** Segments that bear a stamp at or below are refused. */
  readonly horizon: Stamp;
  /** Bytes of batches that have left the index, by retention or compaction: the head's bytes less these are there. */
  readonly removedBytes: number;
  /** Ascending; the first is (0, 0). */
  readonly epochStarts: readonly EpochStart[];
  /** Compaction has left no key twice below this offset. */
  readonly cleanedEnd: number;
  /** The earliest time at which a tombstone below `cleanedEnd` may go, ms; 0: there is none. */
  readonly tombstonesDueMs: number;
  /** Index items, by their bases, that rolls left as entries below segments since they are damaged. Ascending. */
  readonly passedOver: readonly number[];
}

const VERSION = 1;

export const CONTROL = {
  topicId: ["topicId"],
  spilledEnd: ["spilledEnd"],
  horizon: ["horizon"],
  removedBytes: ["removedBytes"],
  epochStarts: ["epochStarts"],
  cleanedEnd: ["cleanedEnd"],
  tombstonesDueMs: ["tombstonesDueMs"],
  passedOver: ["passedOver"],
} as const;

/** A new partition's: empty, open, with no horizon yet. */
export function newControl(topicId: TopicId): Item {
  return { v: VERSION, topicId, spilledEnd: 0, horizon: 0, removedBytes: 0, epochStarts: [[0, 0]], aborted: [] };
}

export function decodeControl(item: Item): Control {
  const read = new AttributeReader(item, "control", VERSION);
  return {
    topicId: read.text("topicId"),
    spilledEnd: read.number("spilledEnd"),
    horizon: read.number("horizon") as Stamp,
    removedBytes: read.number("removedBytes"),
    epochStarts: read.list("epochStarts").map(decodeEpochStart),
    // Absent until a first compaction.
    cleanedEnd: read.has("cleanedEnd") ? read.number("cleanedEnd") : 0,
    tombstonesDueMs: read.has("tombstonesDueMs") ? read.number("tombstonesDueMs") : 0,
    passedOver: read.has("passedOver") ? read.list("passedOver").map(decodeOffset) : [],
  };
}

function decodeOffset(value: ItemValue): number {
  if (typeof value === "number") return value;
  throw new LogError("CorruptItem", "control: attribute passedOver holds no numbers");
}

function decodeEpochStart(value: ItemValue): EpochStart {
  const [epoch, startOffset] = Array.isArray(value) ? value : [];
  if (typeof epoch !== "number" || typeof startOffset !== "number") {
    throw new LogError("CorruptItem", "control: attribute epochStarts holds no pairs of numbers");
  }
  return { epoch, startOffset };
}
