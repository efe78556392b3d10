import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import type { TopicId } from "../../../lib/base/ids.ts";
import { readBatchHeader } from "../../../lib/records/batch-header.ts";
import { recordsContent } from "../../../lib/records/decode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { storedRecords } from "../../../lib/records/stored-records.ts";
import type { Control } from "../../../lib/storage/items/control.ts";
import type { IndexItem } from "../../../lib/storage/items/index-item.ts";
import type { History } from "../history.ts";
import type { Stores } from "./stored-state.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };
const OPTIONS = { codecs: synchronousCodecs(), decompressedBytesMax: 1e7 };

/** Below the cleaned end no key stands twice: what compaction has removed has not come back. */
export async function checkCompacted(
  history: History,
  stores: Stores,
  place: { readonly where: string; readonly topicId: TopicId },
  index: readonly IndexItem[],
  { cleanedEnd }: Control,
): Promise<void> {
  const keys = new Map<string, number>();
  for (const item of index) {
    if (item.base >= cleanedEnd || item.kind !== "segment") continue;
    const bytes = (await stores.objects.get(item.segment.objectKey, OPEN_ENDED)) ?? new Uint8Array();
    for (const batch of splitBatches(bytes)) {
      const header = readBatchHeader(batch);
      for (const { key, offset } of storedRecords(header, await recordsContent(batch, header, OPTIONS))) {
        if (offset >= cleanedEnd) continue;
        const name = Buffer.from(key ?? []).toString("latin1");
        const other = keys.get(name);
        if (other !== undefined) {
          const twice = `key ${name} stands at ${other} and at ${offset}, below the cleaned end ${cleanedEnd}`;
          history.report("MergeIdentity", `${place.where}: ${twice}`);
        }
        keys.set(name, offset);
      }
    }
  }
}
