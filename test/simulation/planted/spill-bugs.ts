import type { Call } from "../../../lib/base/call.ts";
import type { TransactPart } from "../../../lib/storage/item-change.ts";
import { type Change, set } from "../../../lib/storage/item-change.ts";
import type { ItemStore, TransactOutcome } from "../../../lib/storage/item-store.ts";
import { isTrim, itemStoreWith, names, withEditedWrites, withoutConditions } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Rules of moving entries out of the head. */
export const spillBugs: readonly PlantedBug[] = [
  {
    name: "spill-ignores-spilled-end",
    rule: "a spill moves the control's end from where it found it, and never overwrites an index item",
    promises: ["Tiling", "AckDurable", "OffsetUnique", "Invariant"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(
        parts.items,
        (each, { key }) =>
          (key.sk === "control" && names(each, "spilledEnd")) ||
          (key.sk.startsWith("i#") && each.kind === "itemAbsent"),
      ),
    }),
  },
  {
    name: "trim-ignores-tail-base",
    rule: "a trim demands the tail base that it was planned on",
    promises: ["Tiling", "AckDurable", "Monotone", "OnceOnly", "Invariant"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(parts.items, (each, write) => isTrim(write) && names(each, "tailBase")),
    }),
  },
  {
    name: "trim-empties-the-tail",
    rule: "a trim removes exactly the entries that the index holds, by name",
    promises: ["AckDurable", "Tiling", "OnceOnly", "Invariant"],
    plant: (parts) => ({
      ...parts,
      items: withEditedWrites(parts.items, (write) =>
        isTrim(write) ? { ...write, changes: emptied(write.changes) } : write,
      ),
    }),
  },
  {
    name: "transactions-in-steps",
    rule: "a transaction happens as a whole or not at all",
    promises: ["Tiling", "AckDurable", "Monotone", "MergeIdentity", "GcSafe"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, { transact: (each, call) => inSteps(items, each, call) }),
    }),
  },
];

function emptied(changes: readonly Change[]): Change[] {
  const kept = changes.filter(({ path }) => path[0] !== "tail" && path[0] !== "bases");
  return [...kept, set(["tail"], {}), set(["bases"], {})];
}

async function inSteps(items: ItemStore, parts: readonly TransactPart[], call: Call): Promise<TransactOutcome> {
  for (const part of parts) {
    const outcome = await items.transact([part], call);
    if (!outcome.ok) return outcome;
  }
  return { ok: true };
}
