import { expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { systemRuntime } from "../../../lib/base/system-runtime.ts";
import { openStoreIdentity } from "../../../lib/log/store-identity.ts";
import { testCall } from "../../support/test-call.ts";
import { type Fault, withFaults } from "../../support/with-faults.ts";

const lost = (side: Fault["side"]): Fault => {
  return { side, error: new LogError("NetworkException", "the answer was lost", { effect: "unknown" }) };
};

test.each(["put", "update"])(
  "a log whose first %s was lost is no damaged log: opening it may be tried again",
  async (write) => {
    const runtime = await systemRuntime();
    const stores = { objects: new MemoryObjectStore(), items: new MemoryItemStore() };
    const losing = (operation: string): Fault | undefined => (operation === write ? lost("before") : undefined);
    const faulty = { objects: withFaults(stores.objects, losing), items: withFaults(stores.items, losing) };
    await expect(openStoreIdentity(faulty, runtime, testCall)).rejects.toMatchObject({
      code: "StoreUnavailable",
      retriable: true,
      effect: "none",
    });
    await expect(openStoreIdentity(stores, runtime, testCall)).resolves.toMatchObject({ format: 1 });
  },
);

test.each(["put", "update"])("an identity of which only the %s's answer was lost stands", async (write) => {
  const runtime = await systemRuntime();
  const stores = { objects: new MemoryObjectStore(), items: new MemoryItemStore() };
  const losing = (operation: string): Fault | undefined => (operation === write ? lost("after") : undefined);
  const faulty = { objects: withFaults(stores.objects, losing), items: withFaults(stores.items, losing) };
  const opened = await openStoreIdentity(faulty, runtime, testCall);
  expect(await openStoreIdentity(stores, runtime, testCall)).toEqual(opened);
});

test("stores of two logs are refused for good", async () => {
  const runtime = await systemRuntime();
  const one = { objects: new MemoryObjectStore(), items: new MemoryItemStore() };
  const other = { objects: new MemoryObjectStore(), items: new MemoryItemStore() };
  await openStoreIdentity(one, runtime, testCall);
  await openStoreIdentity(other, runtime, testCall);
  const mixed = openStoreIdentity({ objects: one.objects, items: other.items }, runtime, testCall);
  await expect(mixed).rejects.toMatchObject({ code: "StoreFormat", retriable: false });
});
