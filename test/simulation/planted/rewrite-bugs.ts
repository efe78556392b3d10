import { crc32c } from "../../../lib/base/crc32c.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import type { Condition, TransactPart } from "../../../lib/storage/item-change.ts";
import { INDEX_PREFIX } from "../../../lib/storage/item-keys.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import { decodeIndexItem, encodeIndexItem, type IndexItem } from "../../../lib/storage/items/index-item.ts";
import { parseSegmentKey, segmentKey } from "../../../lib/storage/object-keys.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import type { BrokerParts } from "../cluster.ts";
import { objectStoreWith } from "./byte-bugs.ts";
import { itemStoreWith } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };

type SegmentPut = TransactPart & { readonly kind: "put" };

/** Rules of roll, merge and compaction. */
export const rewriteBugs: readonly PlantedBug[] = [
  {
    name: "swap-overwrites-what-is-newer",
    rule: "a merge takes the place of index items only as it has read them",
    promises: ["MergeIdentity", "Tiling", "AckDurable", "RefLive", "NoPhantom", "Invariant"],
    plant: (parts) => withSwaps(parts, (swap) => swap.map((part) => without(part, isTag))),
  },
  {
    name: "compaction-undone-by-a-merge",
    rule: "a merge that has started before a compaction loses against it",
    promises: ["MergeIdentity", "Tiling", "AckDurable", "RefLive", "Invariant"],
    plant: (parts) => withSwaps(parts, (swap) => (isMerge(swap) ? swap.map((part) => without(part, isTag)) : swap)),
  },
  {
    name: "swap-ignores-control-horizon",
    rule: "a segment whose stamp the control's horizon has passed is not referred to any more",
    promises: ["GcSafe", "RefLive", "AckDurable", "MergeIdentity", "Liveness"],
    plant: (parts) => withSwaps(parts, (swap) => swap.map((part) => without(part, isHorizon))),
  },
  {
    name: "ids-forgotten-too-early",
    rule: "commit ids are forgotten only at or below the head's horizon",
    promises: ["OnceOnly", "SendOrder", "OffsetUnique", "NoPhantom"],
    plant: (parts) => withSwaps(parts, (swap) => swap.map(withoutIds)),
  },
  {
    name: "segment-names-not-unique",
    rule: "what two write for one range at one time has two names; that one exists already says nothing",
    promises: ["GcSafe", "RefLive", "AckDurable", "MergeIdentity", "Liveness"],
    plant: ({ objects, ...parts }) =>
      withSwaps({ ...parts, objects: withCommonNames(objects) }, (swap) => swap.map(withCommonName)),
  },
  {
    name: "compaction-drops-the-newest",
    rule: "compaction keeps the last record of each key",
    promises: ["AckDurable", "MergeIdentity", "Tiling"],
    plant: (parts) => ({ ...parts, items: droppingLastBatch(parts) }),
  },
];

/** Transactions that put an index item other than a spill's pass through `edit`. */
function withSwaps(
  parts: BrokerParts,
  edit: (swap: readonly TransactPart[]) => TransactPart[] | readonly TransactPart[],
) {
  const { items } = parts;
  return {
    ...parts,
    items: itemStoreWith(items, {
      transact: (each, call) => items.transact(segmentPut(each) === undefined ? each : edit(each), call),
    }),
  };
}

function segmentPut(parts: readonly TransactPart[]): SegmentPut | undefined {
  const isSwap = (part: TransactPart): part is SegmentPut => part.kind === "put" && part.item.kind === "segment";
  return parts.find(isSwap);
}

function isMerge(swap: readonly TransactPart[]): boolean {
  return segmentPut(swap)?.item.merges !== undefined;
}

function without(part: TransactPart, left: (condition: Condition) => boolean): TransactPart {
  const conditions = part.conditions.filter((condition) => !left(condition));
  return { ...part, conditions };
}

const isTag = (condition: Condition): boolean => "path" in condition && condition.path[0] === "tag";
const isHorizon = (condition: Condition): boolean => "path" in condition && condition.path[0] === "horizon";

function withItem(part: TransactPart, edit: (item: IndexItem & { kind: "segment" }) => IndexItem): TransactPart {
  if (part.kind !== "put" || !part.key.sk.startsWith(INDEX_PREFIX)) return part;
  const item = decodeIndexItem(part.item);
  return item.kind === "segment" ? { ...part, item: encodeIndexItem(edit(item)) } : part;
}

function withoutIds(part: TransactPart): TransactPart {
  return withItem(part, (item) => ({ ...item, segment: { ...item.segment, commits: [] } }));
}

function withCommonName(part: TransactPart): TransactPart {
  return withItem(part, (item) => ({
    ...item,
    segment: { ...item.segment, objectKey: commonName(item.segment.objectKey) },
  }));
}

/** The name without what tells one attempt from another. */
function commonName(key: string): string {
  const name = parseSegmentKey(key);
  return name === undefined ? key : segmentKey({ ...name, unique: "one", stamp: 1 as typeof name.stamp });
}

function withCommonNames(objects: ObjectStore): ObjectStore {
  return objectStoreWith(objects, {
    get: (key, call, range) => objects.get(commonName(key), call, range),
    put: async (key, parts, call, options) => {
      const name = commonName(key);
      await objects.put(name, parts, call, name === key ? options : { ifAbsent: true });
      return "stored";
    },
    ...(objects.compose === undefined
      ? {}
      : {
          compose: async (key, parts, call) => {
            const sources = parts.map((part) => ({ ...part, key: commonName(part.key) }));
            await objects.compose?.(commonName(key), sources, call);
          },
        }),
  });
}

/** Puts, in the place of a compacted segment, one that lacks its last batch. */
function droppingLastBatch({ items, objects }: BrokerParts): ItemStore {
  return itemStoreWith(items, {
    async transact(parts, call) {
      const put = segmentPut(parts);
      const compacts = parts.some(({ kind, key }) => kind === "update" && key.sk === "control");
      const item = put === undefined || !compacts ? undefined : decodeIndexItem(put.item);
      const bytes = item?.kind === "segment" ? await objects.get(item.segment.objectKey, OPEN_ENDED) : undefined;
      const kept = bytes === undefined ? [] : splitBatches(bytes).slice(0, -1);
      if (item?.kind !== "segment" || kept.length === 0) return items.transact(parts, call);
      const whole = new Uint8Array(Buffer.concat(kept));
      const objectKey = item.segment.objectKey.replace(/\.log$/, "x.log");
      await objects.put(objectKey, [whole], call);
      const marks = item.segment.marks.slice(0, 1);
      const records = Math.max(0, item.segment.records - 1);
      const segment = { ...item.segment, objectKey, bytes: whole.byteLength, checksum: crc32c(whole), marks, records };
      const dropped = { ...item, segment };
      return items.transact(
        parts.map((part) => (part === put ? { ...put, item: encodeIndexItem(dropped) } : part)),
        call,
      );
    },
  });
}
