import { LogError } from "../../lib/base/errors.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { objectStoreWith } from "./planted/byte-bugs.ts";
import { itemStoreWith } from "./planted/item-store-with.ts";
import type { StoreWorld } from "./store-line.ts";

interface Stores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
}

/** How long there is no space: less than anybody waits, or longer. */
const FULL_MS = [200, 3000, 10_000];

/** `stores` that now and then have no space: then whatever would need some is refused, and nothing of it happens. */
export function fillingStores({ objects, items }: Stores, { faults, scheduler, random, trace }: StoreWorld): Stores {
  const own = random.fork("filling");
  let full = false;
  const withSpace = async <Answer>(write: () => Promise<Answer>): Promise<Answer> => {
    if (!full || faults.stopped || faults.paused) return write();
    faults.note("storeFull");
    throw new LogError("StoreFull", "simulated StoreFull", { effect: "none" });
  };
  const fill = (): void => {
    const nextMs = faults.untilNext("storeFull");
    if (nextMs === undefined) return;
    scheduler.after(nextMs, () => {
      if (faults.stopped) return;
      full = true;
      const forMs = own.around(own.pick(FULL_MS));
      trace.note("WORLD", `the stores are full for ${forMs.toFixed(0)} ms`);
      scheduler.after(forMs, () => {
        full = false;
        fill();
      });
    });
  };
  fill();
  const { compose } = objects;
  return {
    objects: objectStoreWith(objects, {
      put: (key, parts, call, options) => withSpace(() => objects.put(key, parts, call, options)),
      ...(compose === undefined
        ? {}
        : { compose: (key, parts, call) => withSpace(() => compose.call(objects, key, parts, call)) }),
    }),
    items: itemStoreWith(items, {
      update: (key, changes, conditions, call) => withSpace(() => items.update(key, changes, conditions, call)),
      transact: (parts, call) => withSpace(() => items.transact(parts, call)),
    }),
  };
}
