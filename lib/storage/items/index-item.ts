import { LogError } from "../../base/errors.ts";
import type { CommitId, Stamp } from "../../base/ids.ts";
import { PackReader, PackWriter } from "../../base/packing.ts";
import type { Item, ItemValue } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

export interface IndexedEntry {
  readonly id: CommitId;
  readonly base: number;
  readonly packed: Uint8Array;
}

/** A place in a segment: the batch at `position` starts at `offset`; no record before it is newer than `maxTimestamp`. */
export interface SparseMark {
  readonly offset: number;
  readonly position: number;
  /** The largest timestamp before this place; -1 at the segment's start. */
  readonly maxTimestampBefore: number;
}

export interface SegmentReference {
  readonly objectKey: string;
  readonly bytes: number;
  /** CRC-32C of the whole object. */
  readonly checksum: number;
  readonly records: number;
  readonly maxTimestamp: number;
  /** Ascending; the first is the segment's start. */
  readonly marks: readonly SparseMark[];
  /** Commits whose ids may still be asked for: every one in the range with a stamp above `forgotten`. */
  readonly commits: readonly { readonly id: CommitId; readonly base: number }[];
  /** Ids with stamps at or below are no longer told. The head's horizon was at least this. */
  readonly forgotten: Stamp;
  /** Merges that its bytes have gone through since they were rolled; absent: none. What bounds how often they are copied. */
  readonly merges?: number;
}

interface IndexRange {
  /** First offset, from the sort key. */
  readonly base: number;
  /** One past the last offset. */
  readonly end: number;
  /** Changes with every write of the item: "as it was read" is a condition on this. */
  readonly tag: string;
}

export type IndexItem = IndexRange &
  (
    | { readonly kind: "entries"; readonly entries: readonly IndexedEntry[] }
    | { readonly kind: "segment"; readonly segment: SegmentReference }
    /** Holds nothing: compacted away, or left void by a restore. */
    | { readonly kind: "void" }
  );

export const INDEX = { tag: ["tag"], end: ["end"] } as const;

const VERSION = 1;
const MARK_BYTES_MIN = 3;

export function encodeIndexItem(item: IndexItem): Item {
  const range = { v: VERSION, base: item.base, end: item.end, tag: item.tag, kind: item.kind };
  switch (item.kind) {
    case "void":
      return range;
    case "entries":
      return { ...range, entries: item.entries.map((entry) => [entry.id, entry.base, entry.packed]) };
    case "segment": {
      const { segment } = item;
      return {
        ...range,
        object: segment.objectKey,
        bytes: segment.bytes,
        checksum: segment.checksum,
        records: segment.records,
        maxTimestamp: segment.maxTimestamp,
        marks: encodeMarks(segment.marks),
        commits: segment.commits.map((commit) => [commit.id, commit.base]),
        forgotten: segment.forgotten,
        ...(segment.merges === undefined ? {} : { merges: segment.merges }),
      };
    }
  }
}

export function decodeIndexItem(item: Item): IndexItem {
  const read = new AttributeReader(item, "index item", VERSION);
  const range: IndexRange = { base: read.number("base"), end: read.number("end"), tag: read.text("tag") };
  const kind = read.oneOf("kind", ["entries", "segment", "void"]);
  switch (kind) {
    case "void":
      return { ...range, kind };
    case "entries":
      return { ...range, kind, entries: read.list("entries").map(decodeIndexedEntry) };
    case "segment":
      return { ...range, kind, segment: decodeSegment(read) };
  }
}

function decodeSegment(read: AttributeReader): SegmentReference {
  return {
    objectKey: read.text("object"),
    bytes: read.number("bytes"),
    checksum: read.number("checksum"),
    records: read.number("records"),
    maxTimestamp: read.number("maxTimestamp"),
    marks: decodeMarks(read.bytes("marks")),
    commits: read.list("commits").map(decodeCommit),
    forgotten: read.number("forgotten") as Stamp,
    ...(read.has("merges") ? { merges: read.number("merges") } : {}),
  };
}

function decodeIndexedEntry(value: ItemValue): IndexedEntry {
  const [id, base, packed] = Array.isArray(value) ? value : [];
  if (typeof id !== "string" || typeof base !== "number" || !(packed instanceof Uint8Array)) {
    throw new LogError("CorruptItem", "index item: an entry is not (id, base, bytes)");
  }
  return { id: id as CommitId, base, packed };
}

function decodeCommit(value: ItemValue): { id: CommitId; base: number } {
  const [id, base] = Array.isArray(value) ? value : [];
  if (typeof id !== "string" || typeof base !== "number") {
    throw new LogError("CorruptItem", "index item: a commit is not (id, base)");
  }
  return { id: id as CommitId, base };
}

/* Packed: count, then per mark the growth of offset and position, and maxTimestampBefore + 1. */
function encodeMarks(marks: readonly SparseMark[]): Uint8Array {
  const out = new PackWriter(marks.length * 12 + 4).varint(marks.length);
  let offset = 0;
  let position = 0;
  for (const mark of marks) {
    out
      .varint(mark.offset - offset)
      .varint(mark.position - position)
      .varint(mark.maxTimestampBefore + 1);
    offset = mark.offset;
    position = mark.position;
  }
  return out.finish();
}

function decodeMarks(packed: Uint8Array): SparseMark[] {
  const input = new PackReader(packed, "a sparse index");
  const marks: SparseMark[] = [];
  let offset = 0;
  let position = 0;
  for (let left = input.count(MARK_BYTES_MIN); left > 0; left--) {
    offset += input.varint();
    position += input.varint();
    marks.push({ offset, position, maxTimestampBefore: input.varint() - 1 });
  }
  input.end();
  return marks;
}
