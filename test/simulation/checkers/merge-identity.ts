import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { crc32c } from "../../../lib/base/crc32c.ts";
import { messageOf } from "../../../lib/base/errors.ts";
import type { TopicId } from "../../../lib/base/ids.ts";
import { readBatchHeader } from "../../../lib/records/batch-header.ts";
import { recordsContent } from "../../../lib/records/decode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { storedRecords } from "../../../lib/records/stored-records.ts";
import type { TransactPart } from "../../../lib/storage/item-change.ts";
import { INDEX_PREFIX, topicKey } from "../../../lib/storage/item-keys.ts";
import type { ItemStore, TransactOutcome } from "../../../lib/storage/item-store.ts";
import { decodeEntry } from "../../../lib/storage/items/entry.ts";
import { decodeHead } from "../../../lib/storage/items/head.ts";
import { decodeIndexItem, type IndexItem } from "../../../lib/storage/items/index-item.ts";
import { decodeTopic, type Topic } from "../../../lib/storage/items/topic.ts";
import type { History } from "../history.ts";
import { itemStoreWith } from "../planted/item-store-with.ts";
import { sourceBytes } from "./references.ts";
import type { Stores } from "./stored-state.ts";
import { checkSwapped } from "./swapped-items.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };
const OPTIONS = { codecs: synchronousCodecs(), decompressedBytesMax: 1e7 };

/** What took the place of index items in a run, by what it did. */
export interface Rewrites {
  rolls: number;
  merges: number;
  compactions: number;
}

/**
 * The items, with an eye on every transaction that puts one index item in the place of others: what stands at an
 * offset must be the same before and after, but for what compaction leaves out of a topic that wants it, and commits must
 * still be found. Nothing is judged once the items are `lost`: what they refer to may go then.
 */
export function watchedForIdentity(
  history: History,
  stores: Stores,
  rewrites: Rewrites,
  lost: () => boolean,
): ItemStore {
  const { items } = stores;
  return itemStoreWith(items, {
    async transact(parts, call): Promise<TransactOutcome> {
      const put = parts.find((part) => part.kind === "put" && isIndexPart(part) && part.item.kind !== "entries");
      if (put?.kind !== "put" || lost()) return items.transact(parts, call);
      const before = await replaced(items, parts);
      const outcome = await items.transact(parts, call);
      if (!outcome.ok) return outcome;
      const { pk } = put.key;
      const after = decodeIndexItem(put.item);
      const headHorizon = await horizonOf(items, pk);
      const where = `${pk} from ${after.base} to ${after.end}`;
      const inputs = parts.filter(isIndexPart).length;
      if (headHorizon !== undefined) checkSwapped(history, { where, inputs, before, after, headHorizon });
      const shrunk = await compare(history, stores, pk, before, after);
      if (before.some(({ kind }) => kind === "entries")) rewrites.rolls++;
      else if (shrunk) rewrites.compactions++;
      else rewrites.merges++;
      return outcome;
    },
  });
}

function isIndexPart(part: TransactPart): boolean {
  return part.key.sk.startsWith(INDEX_PREFIX);
}

async function replaced(items: ItemStore, parts: readonly TransactPart[]): Promise<IndexItem[]> {
  const found: IndexItem[] = [];
  for (const part of parts.filter(isIndexPart)) {
    const item = await items.get(part.key, OPEN_ENDED);
    if (item !== undefined) found.push(decodeIndexItem(item));
  }
  return found.sort((a, b) => a.base - b.base);
}

/** True when something was left out. */
async function compare(
  history: History,
  stores: Stores,
  pk: string,
  before: readonly IndexItem[],
  after: IndexItem,
): Promise<boolean> {
  const where = `${pk} from ${after.base} to ${after.end}`;
  const topic = await topicOf(stores.items, pk);
  // A late one in what is left of a deleted topic: its bytes may be gone by then, and nobody asks for them.
  if (topic?.state !== "open") return false;
  try {
    const was = await recordsIn(stores, before);
    const is = await recordsIn(stores, [after]);
    const mayShrink = (topic.configs["cleanup.policy"] ?? "").includes("compact");
    for (const [offset, record] of is) {
      if (was.get(offset) !== record) history.report("MergeIdentity", `${where}: offset ${offset} has changed`);
    }
    if (!mayShrink && is.size !== was.size) {
      history.report("MergeIdentity", `${where}: ${was.size} records have become ${is.size}`);
    }
    return is.size < was.size;
  } catch (error) {
    history.report("RefLive", `${where} cannot be compared: ${messageOf(error)}`);
    return false;
  }
}

/** Undefined when the head is gone, as its topic is: nobody looks for commits there. */
async function horizonOf(items: ItemStore, pk: string): Promise<number | undefined> {
  const head = await items.get({ pk, sk: "head" }, OPEN_ENDED);
  return head === undefined ? undefined : decodeHead(head).horizon;
}

async function topicOf(items: ItemStore, pk: string): Promise<Topic | undefined> {
  const item = await items.get(topicKey(pk.split("#")[1] as TopicId), OPEN_ENDED);
  return item === undefined ? undefined : decodeTopic(item);
}

/** A checksum of what each record holds, by its offset; timestamps apart, which are told from another base. */
async function recordsIn(stores: Stores, items: readonly IndexItem[]): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const item of items) {
    for (const { bytes, base } of await batchesIn(stores, item)) {
      const header = readBatchHeader(bytes);
      for (const record of storedRecords(header, await recordsContent(bytes, header, OPTIONS))) {
        found.set(record.offset - header.baseOffset + base, crc32c(record.rest, record.attributes));
      }
    }
  }
  return found;
}

async function batchesIn(stores: Stores, item: IndexItem): Promise<{ bytes: Uint8Array; base: number }[]> {
  if (item.kind === "void") return [];
  if (item.kind === "segment") {
    const bytes = await stores.objects.get(item.segment.objectKey, OPEN_ENDED);
    if (bytes === undefined) throw new Error(`${item.segment.objectKey} does not exist`);
    return splitBatches(bytes).map((batch) => ({ bytes: batch, base: readBatchHeader(batch).baseOffset }));
  }
  const batches: { bytes: Uint8Array; base: number }[] = [];
  for (const { base, packed } of item.entries) {
    const entry = decodeEntry(packed);
    const source = await sourceBytes(stores, entry);
    if (source === undefined) throw new Error(`the bytes of the entry at ${base} do not exist`);
    let at = 0;
    let offset = base;
    for (const batch of entry.batches) {
      at += batch.skippedBytes;
      batches.push({ bytes: source.subarray(at, at + batch.bytes), base: offset });
      at += batch.bytes;
      offset += batch.records;
    }
  }
  return batches;
}
