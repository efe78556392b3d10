import { textOf, utf8 } from "../base/bytes.ts";
import type { Call } from "../base/call.ts";
import { LogError, messageOf } from "../base/errors.ts";
import { randomName } from "../base/random.ts";
import type { Runtime } from "../base/runtime.ts";
import { itemAbsent, set } from "../storage/item-change.ts";
import { storeKey } from "../storage/item-keys.ts";
import type { ItemStore } from "../storage/item-store.ts";
import { decodeStoreIdentity, encodeStoreIdentity, type StoreIdentity } from "../storage/items/store.ts";
import { storeObjectKey } from "../storage/object-keys.ts";
import type { ObjectStore } from "../storage/object-store.ts";

/** Version of everything that is stored. */
export const STORE_FORMAT = 1;

interface Stores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
}

/**
 * The identity that both stores bear. New stores are given one: the object first, so that whoever finds an item
 * finds the object. Stores of two different logs, or of a newer version, are refused with `StoreFormat`.
 */
export async function openStoreIdentity(stores: Stores, runtime: Runtime, call: Call): Promise<StoreIdentity> {
  const proposed: StoreIdentity = { incarnation: randomName(runtime.random, 20), format: STORE_FORMAT };
  await stores.objects.put(storeObjectKey, [utf8(JSON.stringify(proposed))], call, { ifAbsent: true });
  const body = await stores.objects.get(storeObjectKey, call);
  const inObjects = parseIdentity(body);
  await stores.items.update(
    storeKey,
    Object.entries(encodeStoreIdentity(inObjects)).map(([name, value]) => set([name], value)),
    [itemAbsent],
    call,
  );
  const item = await stores.items.get(storeKey, call);
  const inItems = item === undefined ? undefined : decodeStoreIdentity(item);
  if (inItems?.incarnation !== inObjects.incarnation) {
    throw new LogError("StoreFormat", "the object store and the item store belong to two different logs", {
      details: { objects: inObjects.incarnation, items: inItems?.incarnation },
    });
  }
  if (Math.max(inItems.format, inObjects.format) > STORE_FORMAT) {
    throw new LogError(
      "StoreFormat",
      `the stores have format ${inItems.format}, this version knows ${STORE_FORMAT}: upgrade Tidelog`,
    );
  }
  return inItems;
}

function parseIdentity(body: Uint8Array | undefined): StoreIdentity {
  try {
    const parsed: unknown = JSON.parse(textOf(body ?? new Uint8Array(0)));
    const { incarnation, format } = parsed as Partial<StoreIdentity>;
    if (typeof incarnation === "string" && typeof format === "number") return { incarnation, format };
  } catch (cause) {
    throw new LogError("CorruptObject", `${storeObjectKey} cannot be read: ${messageOf(cause)}`, { cause });
  }
  throw new LogError("CorruptObject", `${storeObjectKey} is not what Tidelog writes`);
}
