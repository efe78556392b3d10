import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { DeadlineItemStore } from "../../lib/adapters/wrappers/deadline-item-store.ts";
import { DeadlineObjectStore } from "../../lib/adapters/wrappers/deadline-object-store.ts";
import { MeteredItemStore } from "../../lib/adapters/wrappers/metered-item-store.ts";
import { MeteredObjectStore } from "../../lib/adapters/wrappers/metered-object-store.ts";
import { RetryingItemStore } from "../../lib/adapters/wrappers/retrying-item-store.ts";
import { RetryingObjectStore } from "../../lib/adapters/wrappers/retrying-object-store.ts";
import { StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import { LogError } from "../../lib/base/errors.ts";
import { systemRandom } from "../../lib/base/random.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { InstantClock } from "../support/instant-clock.ts";
import { type DecideFault, withFaults } from "../support/with-faults.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { objectStoreSuite } from "./object-store-suite.ts";

const clock = new InstantClock();
const retryOptions = { clock, random: systemRandom };

/** Every second operation is refused for a moment. */
function throttleEverySecond(): DecideFault {
  let count = 0;
  return () => (count++ % 2 === 0 ? { side: "before", error: new LogError("StoreThrottled", "slow down") } : undefined);
}

const wrapObjects: Record<string, (store: ObjectStore) => ObjectStore> = {
  deadline: (store) => new DeadlineObjectStore(store, clock),
  meter: (store) => new MeteredObjectStore(store, new StoreCounter()),
  "retry over a throttled store": (store) =>
    new RetryingObjectStore(withFaults(store, throttleEverySecond()), retryOptions),
};
const wrapItems: Record<string, (store: ItemStore) => ItemStore> = {
  deadline: (store) => new DeadlineItemStore(store, clock),
  meter: (store) => new MeteredItemStore(store, new StoreCounter()),
  "retry over a throttled store": (store) =>
    new RetryingItemStore(withFaults(store, throttleEverySecond()), retryOptions),
};

const close = async () => undefined;
const traits = { persistent: false };
for (const [name, wrap] of Object.entries(wrapObjects)) {
  objectStoreSuite(`memory behind ${name}`, async () => ({ store: wrap(new MemoryObjectStore()), close }), traits);
}
for (const [name, wrap] of Object.entries(wrapItems)) {
  itemStoreSuite(`memory behind ${name}`, async () => ({ store: wrap(new MemoryItemStore()), close }), traits);
}
