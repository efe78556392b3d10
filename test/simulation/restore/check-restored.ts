import { controlKey, headKey, INDEX_PREFIX, topicNameKey } from "../../../lib/storage/item-keys.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import { decodeHead, type Head } from "../../../lib/storage/items/head.ts";
import { decodeIndexItem } from "../../../lib/storage/items/index-item.ts";
import { decodeTopicName } from "../../../lib/storage/items/topic.ts";
import type { FinalLog } from "../checkers/final-log.ts";
import type { LanePlace } from "../clients/batch-maker.ts";
import type { History } from "../history.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };

/** One partition just before its items are lost. */
export interface LostPartition {
  readonly log: FinalLog;
  readonly head: Head;
  /** What lies in segments, and so must come back. */
  readonly segments: readonly { readonly base: number; readonly end: number }[];
}

export async function headOf(items: ItemStore, { topic, partition }: LanePlace): Promise<Head | undefined> {
  const name = await items.get(topicNameKey(topic), OPEN_ENDED);
  const item = name === undefined ? undefined : await items.get(headKey(decodeTopicName(name), partition), OPEN_ENDED);
  return item === undefined ? undefined : decodeHead(item);
}

export async function segmentsOf(
  items: ItemStore,
  { topicId }: Head,
  partition: number,
): Promise<LostPartition["segments"]> {
  const { pk } = controlKey(topicId, partition);
  const { items: found } = await items.query({ pk, from: INDEX_PREFIX, to: `${INDEX_PREFIX}~` }, OPEN_ENDED);
  return found.map(({ item }) => decodeIndexItem(item)).filter(({ kind }) => kind === "segment");
}

/**
 * Judges what came back of a partition against what was there. Where staged batches are appended, one without a
 * sequence comes as often as it was staged: a broker that stages it anew for a second attempt leaves two of it.
 */
export function checkRestored(
  history: History,
  lost: LostPartition,
  log: FinalLog,
  { head, appendStaged }: { readonly head: Head; readonly appendStaged: boolean },
): void {
  const where = `${log.topic}-${log.partition} restored`;
  const before = new Map(lost.log.batches.map(({ baseOffset, bytes }) => [baseOffset, history.find(bytes)]));
  const now = new Map(log.batches.map(({ baseOffset, bytes }) => [baseOffset, history.find(bytes)]));
  for (const [offset, batch] of now) {
    if (batch === undefined) history.report("NoPhantom", `${where}: bytes at ${offset} that nobody has sent`);
    if (offset >= lost.head.next || before.get(offset) === batch) continue;
    history.report("OffsetUnique", `${where}: ${batch?.name} at ${offset}, where ${before.get(offset)?.name} was`);
  }
  const once = [...now.values()].filter((batch) => !appendStaged || batch?.session !== undefined);
  if (new Set(once).size < once.length) history.report("OnceOnly", `${where}: a batch stands twice`);
  for (const [offset, batch] of before) {
    const kept = lost.segments.some(({ base, end }) => base <= offset && offset < end);
    if (kept && now.get(offset) !== batch) {
      history.report("AckDurable", `${where}: ${batch?.name} at ${offset} was in a segment, and is gone`);
    }
  }
  checkNumbers(history, where, lost.head, head);
}

/** Nothing that was given out is given a second time. */
function checkNumbers(history: History, where: string, lost: Head, head: Head): void {
  if (head.epoch <= lost.epoch) {
    history.report("Monotone", `${where}: its leader epoch is ${head.epoch}, after ${lost.epoch}`);
  }
  // Nobody could know that nothing was given out above what came back.
  if (head.next <= lost.next) {
    history.report("OffsetUnique", `${where}: ${head.next} is given next, after ${lost.next} before`);
  }
}
