import type { Change, Condition, TransactPart } from "../../../lib/storage/item-change.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import { readStagedHeader, stagedHeader } from "../../../lib/storage/staged-header.ts";
import { objectStoreWith } from "./byte-bugs.ts";
import { type ItemWrite, itemStoreWith, names, withoutConditions } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Rules of retention and collection. Clients that wait for bytes that are gone do not get done: Liveness. */
export const upkeepBugs: readonly PlantedBug[] = [
  {
    name: "collection-by-age-alone",
    rule: "horizons stand before the references that count are read: a frozen commit must not refer to what is gone",
    promises: ["GcSafe", "RefLive", "AckDurable", "Liveness"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        update: async (key, changes, conditions, call) =>
          raisesHorizon({ key, changes, conditions })
            ? { ok: true, changed: {} }
            : items.update(key, changes, conditions, call),
      }),
    }),
  },
  {
    name: "horizon-lowered",
    rule: "a horizon is never lowered: what it has killed stays dead",
    promises: [
      "Monotone",
      "GcSafe",
      "OnceOnly",
      "SendOrder",
      "OffsetUnique",
      "NoPhantom",
      "RefLive",
      "AckDurable",
      "Liveness",
    ],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(parts.items, (each, write) => raisesHorizon(write) && each.kind === "less"),
    }),
  },
  {
    name: "references-read-stale",
    rule: "the collector reads references consistently",
    promises: ["RefLive", "AckDurable", "Liveness"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        // As an eventually consistent read may answer: without the item that was put last.
        query: async (query, call) => {
          const page = await items.query(query, call);
          const collectors = query.reverse === true && query.limit === 50;
          return collectors ? { ...page, items: page.items.slice(1), more: false } : page;
        },
      }),
    }),
  },
  {
    name: "one-owner-asked",
    rule: "every partition that a staged object names is asked before it goes",
    promises: ["GcSafe", "RefLive", "AckDurable", "Liveness"],
    plant: ({ objects, ...parts }) => ({ ...parts, objects: firstRangeOnly(objects) }),
  },
  {
    name: "index-item-deleted-unseen",
    rule: "retention removes an index item only as it was read",
    promises: ["Tiling", "AckDurable"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        transact: (each, call) => items.transact(removesBelow(each) ? each.map(unconditional) : each, call),
      }),
    }),
  },
  {
    name: "log-start-moved-back",
    rule: "the log start only moves forward",
    promises: ["Monotone", "Tiling", "AckDurable", "Invariant"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(parts.items, (each, write) => movesLogStart(write) && names(each, "logStart")),
    }),
  },
];

/** As the collector does, and a roll that forgets: nothing else is demanded. */
function raisesHorizon({ changes, conditions }: ItemWrite): boolean {
  const [change] = changes;
  return changes.length === 1 && change?.path[0] === "horizon" && conditions.length === 2;
}

function movesLogStart({ changes }: ItemWrite): boolean {
  const [change] = changes as readonly [Change?];
  return changes.length === 1 && change?.kind === "set" && change.path[0] === "logStart";
}

function removesBelow(parts: readonly TransactPart[]): boolean {
  return parts.some((part) => part.kind === "update" && part.changes.some(({ path }) => path[0] === "removedBytes"));
}

function unconditional(part: TransactPart): TransactPart {
  const none: readonly Condition[] = [];
  return part.kind === "delete" ? { ...part, conditions: none } : part;
}

/** Shows the collector, which alone reads a staged object from its start, the first range that the header names. */
function firstRangeOnly(objects: ObjectStore): ObjectStore {
  return objectStoreWith(objects, {
    async get(key, call, range) {
      const bytes = await objects.get(key, call, range);
      if (bytes === undefined || !key.startsWith("staged/") || range?.start !== 0) return bytes;
      return stagedHeader(readStagedHeader(bytes, key).slice(0, 1)).header;
    },
  });
}
