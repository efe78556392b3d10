import { messageOf } from "../../../lib/base/errors.ts";
import type { TopicId } from "../../../lib/base/ids.ts";
import { indexItemBytes } from "../../../lib/log/index-item-facts.ts";
import { controlKey, headKey, INDEX_PREFIX, TOPIC_NAMES_PK, topicKey } from "../../../lib/storage/item-keys.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import { decodeControl } from "../../../lib/storage/items/control.ts";
import { decodeEntry, entryBatchBytes } from "../../../lib/storage/items/entry.ts";
import { decodeHead, type Head } from "../../../lib/storage/items/head.ts";
import { decodeIndexItem, type IndexItem } from "../../../lib/storage/items/index-item.ts";
import { decodeTopic, decodeTopicName } from "../../../lib/storage/items/topic.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import type { History } from "../history.ts";
import { checkCompacted } from "./compacted.ts";
import { checkEntry, checkSegment } from "./references.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };

export interface Stores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
}

/** Looks into the stores themselves when all is over: ranges tile, every reference's bytes are there and right. */
export async function checkStoredState(history: History, stores: Stores, tailEntriesMax: number): Promise<void> {
  const names = await stores.items.query({ pk: TOPIC_NAMES_PK }, OPEN_ENDED);
  for (const { key, item } of names.items) {
    const topicId = decodeTopicName(item);
    const topicItem = await stores.items.get(topicKey(topicId), OPEN_ENDED);
    if (topicItem === undefined) {
      history.report("Incarnation", `the name ${key.sk} points to topic ${topicId}, which has no item`);
      continue;
    }
    const topic = decodeTopic(topicItem);
    for (let partition = 0; partition < topic.partitions; partition++) {
      const where = `${key.sk}-${partition}`;
      try {
        await checkPartition(history, stores, { where, topicId, partition, tailEntriesMax });
      } catch (error) {
        history.report("Invariant", `${where}: stored state: ${messageOf(error)}`);
      }
    }
  }
}

interface PartitionPlace {
  readonly where: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly tailEntriesMax: number;
}

async function checkPartition(history: History, stores: Stores, place: PartitionPlace): Promise<void> {
  const { where, topicId, partition } = place;
  const headItem = await stores.items.get(headKey(topicId, partition), OPEN_ENDED);
  const controlItem = await stores.items.get(controlKey(topicId, partition), OPEN_ENDED);
  if (headItem === undefined || controlItem === undefined) {
    history.report("Tiling", `${where} has no ${headItem === undefined ? "head" : "control"}`);
    return;
  }
  const head = decodeHead(headItem);
  const control = decodeControl(controlItem);
  const { spilledEnd, removedBytes, passedOver } = control;
  const index = await indexItems(stores.items, place);
  checkTail(history, where, head, place.tailEntriesMax);
  checkIndexTiles(history, where, index, head, spilledEnd);
  checkRolled(history, where, index, passedOver);
  // What was spilled and not yet trimmed is the index's to answer for, or retention's that has removed it.
  const unspilled = head.tail.filter(({ base }) => base >= spilledEnd);
  checkBytes(history, where, index, { ...head, tail: unspilled }, removedBytes);
  if (spilledEnd < head.tailBase) {
    history.report("Tiling", `${where}: index items end at ${spilledEnd}, the tail begins at ${head.tailBase}`);
  }
  await checkCompacted(history, stores, place, index, control);
  for (const entry of unspilled) await checkEntry(history, stores, where, entry);
  for (const item of index) {
    if (item.kind === "segment") await checkSegment(history, stores, where, item);
    if (item.kind === "entries") for (const entry of item.entries) await checkEntry(history, stores, where, entry);
  }
}

async function indexItems(items: ItemStore, place: PartitionPlace): Promise<IndexItem[]> {
  const { pk } = headKey(place.topicId, place.partition);
  const found: IndexItem[] = [];
  let from = INDEX_PREFIX;
  for (;;) {
    const page = await items.query({ pk, from, to: `${INDEX_PREFIX}~` }, OPEN_ENDED);
    found.push(...page.items.map(({ item }) => decodeIndexItem(item)));
    const last = page.items.at(-1);
    if (!page.more || last === undefined) return found;
    from = `${last.key.sk}\u0000`;
  }
}

function checkTail(history: History, where: string, head: Head, entriesMax: number): void {
  const { tail } = head;
  if (tail.length !== head.tailCount) {
    history.report("Tiling", `${where}: the tail has ${tail.length} entries and counts ${head.tailCount}`);
  }
  if (tail.length > entriesMax) history.report("Liveness", `${where}: ${tail.length} entries in the tail`);
  const first = tail[0]?.base ?? head.next;
  if (first !== head.tailBase)
    history.report("Tiling", `${where}: the tail begins at ${first}, its base is ${head.tailBase}`);
}

/** All bytes ever committed are in the index, in the tail, or accounted for as removed. */
function checkBytes(history: History, where: string, index: readonly IndexItem[], head: Head, removed: number): void {
  const indexed = index.reduce((sum, item) => sum + indexItemBytes(item), 0);
  const tail = head.tail.reduce((sum, { packed }) => sum + entryBatchBytes(decodeEntry(packed)), 0);
  if (indexed + tail + removed === head.bytes) return;
  const found = `${indexed} in the index, ${tail} in the tail, ${removed} removed`;
  history.report("Tiling", `${where}: ${head.bytes} bytes were committed, but there are ${found}`);
}

/** From the item that the log starts in; below it there may be some that retention has not removed yet. */
function checkIndexTiles(history: History, where: string, index: readonly IndexItem[], head: Head, to: number): void {
  let next = index[0]?.base ?? to;
  if (next > head.logStart) history.report("Tiling", `${where} starts at ${head.logStart}, its index at ${next}`);
  for (const item of index) {
    if (item.base !== next)
      history.report("Tiling", `${where}: an index item begins at ${item.base}, expected ${next}`);
    next = item.end;
  }
  if (next !== to) history.report("Tiling", `${where}: index items end at ${next}, the control says ${to}`);
}

/** What is rolled lies below what is not, but for what read as damaged: the collector looks for that by its name. */
function checkRolled(
  history: History,
  where: string,
  index: readonly IndexItem[],
  passedOver: readonly number[],
): void {
  const rolled = index.findLastIndex(({ kind }) => kind !== "entries");
  for (const item of index.slice(0, Math.max(0, rolled))) {
    if (item.kind !== "entries" || passedOver.includes(item.base)) continue;
    history.report("Tiling", `${where}: something unrolled lies below what is rolled, at ${item.base}`);
  }
}
