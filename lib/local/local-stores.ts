import { openDataDirectory } from "../adapters/embedded/data-directory.ts";
import { MemoryItemStore } from "../adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../adapters/memory/memory-object-store.ts";
import { DeadlineItemStore } from "../adapters/wrappers/deadline-item-store.ts";
import { DeadlineObjectStore } from "../adapters/wrappers/deadline-object-store.ts";
import { MeteredItemStore } from "../adapters/wrappers/metered-item-store.ts";
import { MeteredObjectStore } from "../adapters/wrappers/metered-object-store.ts";
import { RetryingItemStore } from "../adapters/wrappers/retrying-item-store.ts";
import { RetryingObjectStore } from "../adapters/wrappers/retrying-object-store.ts";
import type { StoreCounter } from "../adapters/wrappers/store-counts.ts";
import type { Runtime } from "../base/runtime.ts";
import type { ItemStore } from "../storage/item-store.ts";
import type { ObjectStore } from "../storage/object-store.ts";

/** Where a log on this machine keeps its data: in a directory, or nowhere. */
export type LocalStorage = { readonly dataDir: string; readonly create?: boolean } | { readonly memory: true };

export interface LocalStores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly kind: "directory" | "memory";
  /** The directory's absolute path, or "memory". */
  readonly location: string;
  /** Undefined where there is no such limit. */
  readonly freeBytes: (() => Promise<number>) | undefined;
  close(): Promise<void>;
}

/** Opens both stores for this process alone, with deadlines and retries around them, counted where asked. */
export async function openLocalStores(
  where: LocalStorage,
  runtime: Runtime,
  counter?: StoreCounter,
): Promise<LocalStores> {
  const bare = "memory" in where ? memoryStores() : await directoryStores(where);
  const objects = counter === undefined ? bare.objects : new MeteredObjectStore(bare.objects, counter);
  const items = counter === undefined ? bare.items : new MeteredItemStore(bare.items, counter);
  return {
    ...bare,
    objects: new RetryingObjectStore(new DeadlineObjectStore(objects, runtime.clock), runtime),
    items: new RetryingItemStore(new DeadlineItemStore(items, runtime.clock), runtime),
  };
}

async function directoryStores({
  dataDir,
  create = true,
}: {
  dataDir: string;
  create?: boolean;
}): Promise<LocalStores> {
  const { objects, items, path, freeBytes, close } = await openDataDirectory(dataDir, { create });
  return { objects, items, kind: "directory", location: path, freeBytes, close };
}

function memoryStores(): LocalStores {
  return {
    objects: new MemoryObjectStore(),
    items: new MemoryItemStore(),
    kind: "memory",
    location: "memory",
    freeBytes: undefined,
    close: async () => undefined,
  };
}
