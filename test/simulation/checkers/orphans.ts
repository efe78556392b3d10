import { headKey, INDEX_PREFIX, STAGED_ITEM_PKS, TOPIC_NAMES_PK, topicKey } from "../../../lib/storage/item-keys.ts";
import { decodeEntry } from "../../../lib/storage/items/entry.ts";
import { decodeHead } from "../../../lib/storage/items/head.ts";
import { decodeIndexItem } from "../../../lib/storage/items/index-item.ts";
import { decodeTopic, decodeTopicName } from "../../../lib/storage/items/topic.ts";
import { STAGED_PREFIX, stagedObjectKey } from "../../../lib/storage/object-keys.ts";
import type { Stores } from "./stored-state.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };
const SEGMENT = /^topics\/[0-9a-f]{32}\/\d+\//;

/** What is stored and nobody refers to, by name. */
export async function findOrphans(stores: Stores): Promise<readonly string[]> {
  const referred = await references(stores);
  const orphans: string[] = [];
  for (const prefix of [STAGED_PREFIX, "topics/"]) {
    const { objects } = await stores.objects.list(prefix, OPEN_ENDED);
    for (const { key } of objects) {
      const counts = prefix === STAGED_PREFIX || SEGMENT.test(key);
      if (counts && !referred.has(key)) orphans.push(key);
    }
  }
  for (const pk of STAGED_ITEM_PKS) {
    const { items } = await stores.items.query({ pk }, OPEN_ENDED);
    for (const { key } of items) {
      if (!referred.has(key.sk)) orphans.push(`staged item ${key.sk}`);
    }
  }
  return orphans;
}

/** Names of staged objects, staged items and segments that topics with a name refer to. */
async function references(stores: Stores): Promise<ReadonlySet<string>> {
  const referred = new Set<string>();
  const note = ({ packed }: { readonly packed: Uint8Array }): void => {
    const { source } = decodeEntry(packed);
    if (source.kind === "item") referred.add(source.name);
    if (source.kind === "object") referred.add(stagedObjectKey(source.object));
  };
  const names = await stores.items.query({ pk: TOPIC_NAMES_PK }, OPEN_ENDED);
  for (const { item: pointer } of names.items) {
    const topicItem = await stores.items.get(topicKey(decodeTopicName(pointer)), OPEN_ENDED);
    if (topicItem === undefined) continue;
    const topic = decodeTopic(topicItem);
    for (let partition = 0; partition < topic.partitions; partition++) {
      const key = headKey(topic.topicId, partition);
      const head = await stores.items.get(key, OPEN_ENDED);
      if (head !== undefined) decodeHead(head).tail.forEach(note);
      const index = await stores.items.query({ pk: key.pk, from: INDEX_PREFIX, to: `${INDEX_PREFIX}~` }, OPEN_ENDED);
      for (const { item } of index.items) {
        const decoded = decodeIndexItem(item);
        if (decoded.kind === "entries") decoded.entries.forEach(note);
        if (decoded.kind === "segment") referred.add(decoded.segment.objectKey);
      }
    }
  }
  return referred;
}
