import { textOf, utf8 } from "../base/bytes.ts";
import type { Call } from "../base/call.ts";
import { crc32c } from "../base/crc32c.ts";
import { isLogError, LogError, messageOf } from "../base/errors.ts";
import { readAttemptsMax } from "../base/limits.ts";
import type { StoreIdentity } from "../storage/items/store.ts";
import { parseStoreObjectKey, STORE_PREFIX, storeObjectKey } from "../storage/object-keys.ts";
import type { ObjectStore, PutOutcome } from "../storage/object-store.ts";

/** The identity that the object store bears: that of the latest generation. Every restore begins another one. */
export interface GivenIdentity extends StoreIdentity {
  /** 0 for a store that was never restored. */
  readonly generation: number;
}

/** An identity for a generation that has none; "exists" where it has, be it by the own first attempt. */
export function putIdentity(
  objects: Pick<ObjectStore, "put">,
  identity: GivenIdentity,
  call: Call,
): Promise<PutOutcome> {
  const key = storeObjectKey(identity.generation);
  return objects.put(key, [encodeIdentity(identity)], call, { ifAbsent: true });
}

/** The identity that stands; undefined for a store without one. Reads again what arrives damaged, a few times. */
export async function readIdentity(
  objects: Pick<ObjectStore, "get" | "list">,
  call: Call,
): Promise<GivenIdentity | undefined> {
  const { objects: listed } = await objects.list(STORE_PREFIX, call);
  const generations = listed.flatMap(({ key }) => parseStoreObjectKey(key) ?? []);
  if (generations.length === 0) return undefined;
  const generation = Math.max(...generations);
  const key = storeObjectKey(generation);
  for (let attempt = 1; ; attempt++) {
    try {
      return { ...parseIdentity(await objects.get(key, call), key), generation };
    } catch (error) {
      if (!isLogError(error, "CorruptObject") || attempt >= readAttemptsMax) throw error;
    }
  }
}

/** With a checksum: a damaged identity, once copied to the items, would part the stores for ever. */
function encodeIdentity({ incarnation, format }: StoreIdentity): Uint8Array {
  return utf8(`${JSON.stringify({ incarnation, format, checksum: checksumOf(incarnation, format) }, null, 2)}\n`);
}

function checksumOf(incarnation: string, format: number): number {
  return crc32c(utf8(`${format} ${incarnation}`));
}

function parseIdentity(body: Uint8Array | undefined, key: string): StoreIdentity {
  try {
    const parsed: unknown = JSON.parse(textOf(body ?? new Uint8Array(0)));
    const { incarnation, format, checksum } = parsed as Partial<StoreIdentity & { checksum: number }>;
    if (typeof incarnation === "string" && typeof format === "number" && checksum === checksumOf(incarnation, format)) {
      return { incarnation, format };
    }
  } catch (cause) {
    throw new LogError("CorruptObject", `${key} cannot be read: ${messageOf(cause)}`, { cause });
  }
  throw new LogError("CorruptObject", `${key} is damaged, or not what Tidelog writes`);
}
