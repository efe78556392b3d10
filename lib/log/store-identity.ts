import type { Call } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { randomName } from "../base/random.ts";
import type { Runtime } from "../base/runtime.ts";
import { itemAbsent, set } from "../storage/item-change.ts";
import { storeKey } from "../storage/item-keys.ts";
import type { ItemStore } from "../storage/item-store.ts";
import { decodeStoreIdentity, encodeStoreIdentity, type StoreIdentity } from "../storage/items/store.ts";
import { TOPICS_PREFIX } from "../storage/object-keys.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { putIdentity, readIdentity } from "./identity-object.ts";

/** Version of everything that is stored. */
export const STORE_FORMAT = 1;

export function newIncarnation({ random }: Pick<Runtime, "random">): string {
  return randomName(random, 20);
}

interface Stores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
}

/**
 * The identity that both stores bear. New stores are given one: the object first, so that whoever finds an item
 * finds the object. `StoreFormat` refuses an empty item store beside a log, and stores of two different logs, or of a
 * newer version.
 */
export async function openStoreIdentity(stores: Stores, runtime: Runtime, call: Call): Promise<StoreIdentity> {
  await checkItemsNotLost(stores, call);
  const proposed = { incarnation: newIncarnation(runtime), format: STORE_FORMAT, generation: 0 };
  await unlessInDoubt(() => putIdentity(stores.objects, proposed, call));
  const inObjects = await readIdentity(stores.objects, call);
  if (inObjects === undefined) throw notGiven("object");
  const changes = Object.entries(encodeStoreIdentity(inObjects)).map(([name, value]) => set([name], value));
  await unlessInDoubt(() => stores.items.update(storeKey, changes, [itemAbsent], call));
  const item = await stores.items.get(storeKey, call);
  if (item === undefined) throw notGiven("item");
  const inItems = decodeStoreIdentity(item);
  if (inItems.incarnation !== inObjects.incarnation) {
    throw new LogError("StoreFormat", "the object store and the item store belong to two different logs", {
      details: { objects: inObjects.incarnation, items: inItems.incarnation },
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

/** A write whose answer was lost is no failure yet: the read that follows tells what stands. */
async function unlessInDoubt(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isLogError(error) || error.effect === "none") throw error;
  }
}

function notGiven(store: "object" | "item"): LogError {
  return new LogError("StoreUnavailable", `the ${store} store did not take the log's identity; open it again`);
}

/** Topics exist only where items do: whoever finds none finds an item store that was lost. */
async function checkItemsNotLost({ objects, items }: Stores, call: Call): Promise<void> {
  if ((await items.get(storeKey, call)) !== undefined) return;
  const { objects: found } = await objects.list(TOPICS_PREFIX, call, { limit: 1 });
  if (found.length === 0 || (await items.get(storeKey, call)) !== undefined) return;
  throw new LogError(
    "StoreFormat",
    "the object store holds a log, and the item store beside it is empty, or half restored: run tidelog restore",
  );
}

async function identityOf(objects: ObjectStore, call: Call): Promise<StoreIdentity> {
  const identity = await readIdentity(objects, call);
  if (identity !== undefined) return identity;
  throw new LogError("CorruptObject", "the object store does not bear the identity that was just given to it");
}

/** `StoreFormat` unless both stores still bear this incarnation: what is to be deleted might be another log's. */
export async function checkIncarnation(stores: Stores, incarnation: string, call: Call): Promise<void> {
  const inObjects = await identityOf(stores.objects, call);
  const item = await stores.items.get(storeKey, call);
  const inItems = item === undefined ? undefined : decodeStoreIdentity(item);
  if (inObjects.incarnation === incarnation && inItems?.incarnation === incarnation) return;
  throw new LogError("StoreFormat", "the stores are of another incarnation than this broker has opened", {
    details: { incarnation, objects: inObjects.incarnation, items: inItems?.incarnation },
  });
}
