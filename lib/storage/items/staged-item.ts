import type { Item } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

const VERSION = 1;

/** One entry's batches, written before its commit. `partition` lets a collector ask who may refer to it. */
export interface StagedItem {
  readonly topicId: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
}

export function encodeStagedItem(staged: StagedItem): Item {
  return { v: VERSION, topicId: staged.topicId, partition: staged.partition, bytes: staged.bytes };
}

export function decodeStagedItem(item: Item): StagedItem {
  const read = new AttributeReader(item, "staged item", VERSION);
  return { topicId: read.text("topicId"), partition: read.number("partition"), bytes: read.bytes("bytes") };
}
