import { assert } from "../../base/assert.ts";
import { combineCrc32c } from "../../base/crc32c-combine.ts";
import { commitStamp, type Stamp } from "../../base/ids.ts";
import { segmentCommitIdsMax, sparseIndexBytesEach, sparseMarksMax } from "../../base/limits.ts";
import type { SegmentReference, SparseMark } from "../../storage/items/index-item.ts";
import type { SegmentItem } from "../read/segment-bytes.ts";

/** What the index says of segments that stand one after the other as one: known without reading them. */
export function mergedReference(
  inputs: readonly SegmentItem[],
  objectKey: string,
  forgotten: Stamp,
): SegmentReference | undefined {
  const segments = inputs.map(({ segment }) => segment);
  const commits = segments.flatMap((segment) => segment.commits).filter(({ id }) => commitStamp(id) > forgotten);
  if (commits.length > segmentCommitIdsMax) return undefined;
  const merged: SegmentReference = {
    objectKey,
    bytes: sumOf(segments, "bytes"),
    checksum: segments.reduce((crc, { checksum, bytes }) => combineCrc32c(crc, checksum, bytes), 0),
    records: sumOf(segments, "records"),
    maxTimestamp: Math.max(-1, ...segments.map(({ maxTimestamp }) => maxTimestamp)),
    marks: mergedMarks(segments),
    commits,
    forgotten,
    merges: 1 + Math.max(0, ...segments.map(({ merges }) => merges ?? 0)),
  };
  assert(merged.marks.length <= sparseMarksMax, "a sparse index stays far below the size of an item");
  return merged;
}

function mergedMarks(segments: readonly SegmentReference[]): SparseMark[] {
  const apart = Math.max(sparseIndexBytesEach, Math.ceil(sumOf(segments, "bytes") / (sparseMarksMax - 1)));
  const marks: SparseMark[] = [];
  let before = 0;
  let maxTimestamp = -1;
  for (const segment of segments) {
    for (const mark of segment.marks) {
      const position = before + mark.position;
      const last = marks.at(-1);
      if (last !== undefined && position - last.position < apart) continue;
      const maxTimestampBefore = Math.max(maxTimestamp, mark.maxTimestampBefore);
      marks.push({ offset: mark.offset, position, maxTimestampBefore });
    }
    before += segment.bytes;
    maxTimestamp = Math.max(maxTimestamp, segment.maxTimestamp);
  }
  return marks;
}

function sumOf(segments: readonly SegmentReference[], what: "bytes" | "records"): number {
  return segments.reduce((sum, segment) => sum + segment[what], 0);
}
