import type { Clock } from "../../../lib/base/clock.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import { assumed } from "./assumptions.ts";

const MIB = 1024 * 1024;

/** Items that answer after the time that DynamoDB is assumed to take. */
export function slowItems(items: ItemStore, clock: Clock): ItemStore {
  const after = async <T>(waitMs: number, operate: () => Promise<T>): Promise<T> => {
    await clock.sleep(waitMs);
    return operate();
  };
  return {
    get: (...args) => after(assumed.itemReadMs, () => items.get(...args)),
    getMany: (...args) => after(assumed.itemReadMs, () => items.getMany(...args)),
    query: (...args) => after(assumed.itemReadMs, () => items.query(...args)),
    update: (...args) => after(assumed.itemWriteMs, () => items.update(...args)),
    transact: (...args) => after(assumed.transactionMs, () => items.transact(...args)),
  };
}

/** Objects that answer after the time that S3 is assumed to take. */
export function slowObjects(objects: ObjectStore, clock: Clock): ObjectStore {
  const transferMs = (bytes: number): number => (bytes / MIB) * assumed.objectMsPerMib;
  const { compose } = objects;
  return {
    capabilities: objects.capabilities,
    async put(key, parts, ...rest) {
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      await clock.sleep(assumed.objectPutMs + transferMs(bytes));
      return objects.put(key, parts, ...rest);
    },
    async get(...args) {
      const bytes = await objects.get(...args);
      await clock.sleep(assumed.objectGetMs + transferMs(bytes?.byteLength ?? 0));
      return bytes;
    },
    async list(...args) {
      await clock.sleep(assumed.objectListMs);
      return objects.list(...args);
    },
    async delete(...args) {
      await clock.sleep(assumed.objectListMs);
      return objects.delete(...args);
    },
    ...(compose === undefined
      ? {}
      : {
          compose: async (key, parts, call) => {
            await clock.sleep(assumed.objectPutMs * (parts.length + 2));
            return compose.call(objects, key, parts, call);
          },
        }),
  };
}
