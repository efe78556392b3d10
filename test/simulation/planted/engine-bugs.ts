import { concatBytes } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import type { Change } from "../../../lib/storage/item-change.ts";
import type { Item, ItemValue } from "../../../lib/storage/item-value.ts";
import { decodeEntry, encodeEntry } from "../../../lib/storage/items/entry.ts";
import { decodeProducerState, encodeProducerState } from "../../../lib/storage/items/producer-state.ts";
import { isCommit, itemStoreWith, withEditedWrites } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

const PRODUCER_BATCHES_LEFT = 1;

/** Rules of the append path that have to do with what is remembered, and of what. */
export const engineBugs: readonly PlantedBug[] = [
  {
    name: "own-id-taken-as-failure",
    rule: "a refusal that brings the own commit id means that the commit has succeeded",
    promises: ["OnceOnly", "NoPhantom", "SendOrder", "OffsetUnique"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        async update(key, changes, conditions, call) {
          for (let left = 2; ; left--) {
            try {
              const outcome = await items.update(key, changes, conditions, call);
              const id = commitIdOf(changes);
              if (outcome.ok || id === undefined || outcome.current === undefined) return outcome;
              return { ...outcome, current: withoutEntry(outcome.current, id) };
            } catch (error) {
              if (left === 0 || !isLogError(error) || error.effect === "none") throw error;
            }
          }
        },
      }),
    }),
  },
  {
    name: "producer-window-of-one",
    rule: "the last five batches of a producer are remembered",
    promises: ["SendOrder", "OnceOnly"],
    plant: (parts) => ({
      ...parts,
      items: withEditedWrites(parts.items, (write) =>
        isCommit(write) ? { ...write, changes: write.changes.map(withShortWindow) } : write,
      ),
    }),
  },
  {
    name: "idle-producers-forgotten",
    rule: "what a producer's own item says counts when it comes back",
    promises: ["SendOrder", "OnceOnly"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        get: (key, call, options) =>
          key.sk.startsWith("d#") ? Promise.resolve(undefined) : items.get(key, call, options),
      }),
    }),
  },
  {
    name: "entry-loses-a-batch",
    rule: "an entry keeps all of its batches on the way to the index",
    promises: ["Tiling", "AckDurable", "Invariant"],
    plant: (parts) => ({
      ...parts,
      items: withEditedWrites(parts.items, (write) =>
        isCommit(write) ? { ...write, changes: write.changes.map(withoutLastBatch) } : write,
      ),
    }),
  },
  {
    name: "refused-transaction-taken-for-done",
    rule: "a transaction that the store has refused has not happened",
    promises: ["AckDurable", "Monotone", "Tiling", "Liveness"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        transact: (each, call) =>
          items.transact(each, call).catch((error: unknown) => {
            if (isLogError(error, "StoreThrottled", "StoreConflict")) return { ok: true as const };
            throw error;
          }),
      }),
    }),
  },
  {
    name: "fetch-skips-bytes",
    rule: "an answer holds all bytes from the offset on; what is missing is looked for again",
    promises: ["Tiling", "AckDurable", "Monotone", "NoPhantom"],
    plantService: (service) =>
      Object.assign(Object.create(service) as typeof service, {
        fetch: async (...[context, request]: Parameters<typeof service.fetch>) => {
          const reply = await service.fetch(context, request);
          const partitions = reply.partitions.map((part) =>
            part.ok && part.records.length > 1
              ? { ...part, records: [concatBytes(part.records.slice(0, -2).concat(part.records.slice(-1)))] }
              : part,
          );
          return { ...reply, partitions };
        },
      }),
  },
  {
    name: "heads-read-without-consistency",
    rule: "out of range and the high watermark are told from a consistent read only",
    promises: ["Monotone"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        get: (key, call, options) => items.get(key, call, key.sk === "head" ? { consistent: false } : (options ?? {})),
      }),
    }),
  },
];

function commitIdOf(changes: readonly Change[]): string | undefined {
  const entry = changes.find((change) => change.kind === "set" && change.path[0] === "tail");
  return entry === undefined ? undefined : String(entry.path[1]);
}

function withoutEntry(head: Item, id: string): Item {
  const { [id]: _gone, ...tail } = head.tail as Record<string, ItemValue>;
  return { ...head, tail };
}

function withShortWindow(change: Change): Change {
  if (change.kind !== "set" || change.path[0] !== "producers" || !(change.value instanceof Uint8Array)) return change;
  const state = decodeProducerState(change.value);
  return {
    ...change,
    value: encodeProducerState({ ...state, batches: state.batches.slice(0, PRODUCER_BATCHES_LEFT) }),
  };
}

function withoutLastBatch(change: Change): Change {
  if (change.kind !== "set" || change.path[0] !== "tail" || !(change.value instanceof Uint8Array)) return change;
  const entry = decodeEntry(change.value);
  if (entry.batches.length < 2) return change;
  return { ...change, value: encodeEntry({ ...entry, batches: entry.batches.slice(0, -1) }) };
}
