import { itemAbsent, type TransactPart } from "../../../lib/storage/item-change.ts";
import { decodeIndexItem } from "../../../lib/storage/items/index-item.ts";
import { STORE_PREFIX } from "../../../lib/storage/object-keys.ts";
import type { ObjectPage } from "../../../lib/storage/object-store.ts";
import type { BrokerParts } from "../cluster.ts";
import { objectStoreWith } from "./byte-bugs.ts";
import { itemStoreWith } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Rules of restores. */
export const restoreBugs: readonly PlantedBug[] = [
  {
    name: "restore-keeps-epochs",
    rule: "a restore bumps every leader epoch",
    promises: ["Monotone"],
    plantRestore: (parts) =>
      withPuts(parts, (put) => (put.key.sk === "head" ? { ...put, item: { ...put.item, epoch: 0 } } : put)),
  },
  {
    name: "restore-does-not-leap",
    rule: "a restore leaps every next offset past whatever may have been given out",
    promises: ["OffsetUnique", "Monotone"],
    plantRestore: withoutLeaps,
  },
  {
    name: "restore-loses-a-segment",
    rule: "each partition comes back up to its last segment",
    promises: ["AckDurable", "Tiling"],
    plantRestore: ({ objects, ...parts }) => ({
      ...parts,
      objects: objectStoreWith(objects, {
        list: async (prefix, call, options) => {
          const page = await objects.list(prefix, call, options);
          const last = page.objects.findLast(({ key }) => key.endsWith(".log"));
          return { ...page, objects: page.objects.filter((each) => each !== last) };
        },
      }),
    }),
  },
  {
    name: "collector-trusts-its-start",
    rule: "the collector compares the stores' incarnations before every batch: another log may have begun since",
    promises: ["RefLive", "AckDurable"],
    plant: ({ objects, ...parts }) => {
      let identities: ObjectPage | undefined;
      const list: typeof objects.list = async (prefix, call, options) => {
        if (prefix !== STORE_PREFIX) return objects.list(prefix, call, options);
        const found = identities ?? (await objects.list(prefix, call, options));
        if (found.objects.length > 0) identities = found;
        return found;
      };
      return { ...parts, objects: objectStoreWith(objects, { list }) };
    },
  },
];

type Put = TransactPart & { readonly kind: "put" };

function withPuts({ items, ...parts }: BrokerParts, edit: (put: Put) => TransactPart): BrokerParts {
  const edited = (part: TransactPart): TransactPart => (part.kind === "put" ? edit(part) : part);
  return { ...parts, items: itemStoreWith(items, { transact: (all, call) => items.transact(all.map(edited), call) }) };
}

/** Every partition goes on where its segments end, without the void that follows them. */
function withoutLeaps(parts: BrokerParts): BrokerParts {
  const ends = new Map<string, { readonly from: number; readonly to: number }>();
  return withPuts(parts, (put) => {
    const { key, item } = put;
    if (key.sk.startsWith("i#")) {
      const { kind, base, end } = decodeIndexItem(item);
      if (kind !== "void" || end % 2 ** 32 !== 0) return put;
      ends.set(key.pk, { from: base, to: end });
      return { kind: "check", key, conditions: [itemAbsent] };
    }
    const leap = ends.get(key.pk);
    if (leap === undefined) return put;
    if (key.sk === "control" && item.spilledEnd === leap.to)
      return { ...put, item: { ...item, spilledEnd: leap.from } };
    if (key.sk === "head" && item.next === leap.to) {
      return { ...put, item: { ...item, next: leap.from, tailBase: leap.from } };
    }
    return put;
  });
}
