import { isLogError } from "../../base/errors.ts";
import type { Compaction, CompactionFigures } from "./compaction.ts";
import type { KeyMap } from "./key-map.ts";
import { isStopped, isUnrolled, passedOver } from "./pass-over.ts";
import { ReplacedError, segmentBatches } from "./segment-records.ts";
import { itemAt } from "./survey.ts";

/** How far the keys of a range have been taken in. */
export interface FilledMap {
  /** The map knows every key from its base up to here, but for those in damaged segments. */
  readonly end: number;
  readonly complete: boolean;
}

/** Notes the last offset of each key of [map's base, to), as far as there is room. */
export async function fillKeyMap(
  compaction: Compaction,
  map: KeyMap,
  to: number,
  figures: CompactionFigures,
): Promise<FilledMap> {
  let offset = map.base;
  let complete = true;
  while (offset < to) {
    if (isStopped(compaction)) return { end: offset, complete: false };
    const item = await itemAt(compaction, offset, to);
    if (item === undefined || isUnrolled(compaction, item)) return { end: offset, complete: false };
    if (item.kind === "entries") complete = false;
    if (item.kind === "segment") {
      try {
        if (compaction.damaged.has(item.segment.objectKey)) complete = false;
        else {
          const full = await noteKeys(compaction, map, item, { from: offset, to }, figures);
          if (full !== undefined) return { end: full, complete };
        }
      } catch (error) {
        if (error instanceof ReplacedError) continue;
        if (!isLogError(error) || !passedOver(compaction, error)) throw error;
        complete = false;
      }
    }
    offset = item.end;
  }
  return { end: to, complete };
}

/** The offset of the first record for whose key there was no room; undefined when there was for all. */
async function noteKeys(
  compaction: Compaction,
  map: KeyMap,
  item: Parameters<typeof segmentBatches>[1],
  { from, to }: { readonly from: number; readonly to: number },
  figures: CompactionFigures,
): Promise<number | undefined> {
  for await (const { bytes, records = [] } of segmentBatches(compaction, item, from)) {
    figures.bytesRead += bytes.byteLength;
    for (const { offset, key } of records) {
      if (offset < from || key === null) continue;
      if (offset >= to) return undefined;
      if (!map.put(key, offset)) return offset;
    }
  }
  return undefined;
}
