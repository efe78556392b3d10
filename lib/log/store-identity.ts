import { textOf, utf8 } from "../base/bytes.ts";
import type { Call } from "../base/call.ts";
import { crc32c } from "../base/crc32c.ts";
import { isLogError, LogError, messageOf } from "../base/errors.ts";
import { readAttemptsMax } from "../base/limits.ts";
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
  const body = [encodeIdentity(proposed)];
  await unlessInDoubt(() => stores.objects.put(storeObjectKey, body, call, { ifAbsent: true }));
  const inObjects = await readIdentity(stores.objects, call);
  const changes = Object.entries(encodeStoreIdentity(inObjects)).map(([name, value]) => set([name], value));
  await unlessInDoubt(() => stores.items.update(storeKey, changes, [itemAbsent], call));
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

/** A write whose answer was lost is no failure yet: the read that follows tells what stands. */
async function unlessInDoubt(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isLogError(error) || error.effect === "none") throw error;
  }
}

/** With a checksum: a damaged identity, once copied to the items, would part the stores for ever. */
function encodeIdentity({ incarnation, format }: StoreIdentity): Uint8Array {
  return utf8(`${JSON.stringify({ incarnation, format, checksum: checksumOf(incarnation, format) }, null, 2)}\n`);
}

function checksumOf(incarnation: string, format: number): number {
  return crc32c(utf8(`${format} ${incarnation}`));
}

/** `StoreFormat` unless both stores still bear this incarnation: what is to be deleted might be another log's. */
export async function checkIncarnation(stores: Stores, incarnation: string, call: Call): Promise<void> {
  const inObjects = await readIdentity(stores.objects, call);
  const item = await stores.items.get(storeKey, call);
  const inItems = item === undefined ? undefined : decodeStoreIdentity(item);
  if (inObjects.incarnation === incarnation && inItems?.incarnation === incarnation) return;
  throw new LogError("StoreFormat", "the stores are of another incarnation than this broker has opened", {
    details: { incarnation, objects: inObjects.incarnation, items: inItems?.incarnation },
  });
}

/** Reads again what arrives damaged, a few times. */
async function readIdentity(objects: ObjectStore, call: Call): Promise<StoreIdentity> {
  for (let attempt = 1; ; attempt++) {
    try {
      return parseIdentity(await objects.get(storeObjectKey, call));
    } catch (error) {
      if (!isLogError(error, "CorruptObject") || attempt >= readAttemptsMax) throw error;
    }
  }
}

function parseIdentity(body: Uint8Array | undefined): StoreIdentity {
  try {
    const parsed: unknown = JSON.parse(textOf(body ?? new Uint8Array(0)));
    const { incarnation, format, checksum } = parsed as Partial<StoreIdentity & { checksum: number }>;
    if (typeof incarnation === "string" && typeof format === "number" && checksum === checksumOf(incarnation, format)) {
      return { incarnation, format };
    }
  } catch (cause) {
    throw new LogError("CorruptObject", `${storeObjectKey} cannot be read: ${messageOf(cause)}`, { cause });
  }
  throw new LogError("CorruptObject", `${storeObjectKey} is damaged, or not what Tidelog writes`);
}
