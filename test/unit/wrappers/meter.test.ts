import { beforeEach, describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { MeteredItemStore } from "../../../lib/adapters/wrappers/metered-item-store.ts";
import { MeteredObjectStore } from "../../../lib/adapters/wrappers/metered-object-store.ts";
import { costOf, listPrices } from "../../../lib/adapters/wrappers/prices.ts";
import { countsBetween, StoreCounter } from "../../../lib/adapters/wrappers/store-counts.ts";
import { utf8 } from "../../../lib/base/bytes.ts";
import { type Condition, itemAbsent, itemExists, remove, set } from "../../../lib/storage/item-change.ts";
import { testCall } from "../../support/test-call.ts";

const key = { pk: "log", sk: "head" };

describe("meter", () => {
  let counter: StoreCounter;
  let items: MeteredItemStore;
  let objects: MeteredObjectStore;
  beforeEach(() => {
    counter = new StoreCounter();
    items = new MeteredItemStore(new MemoryItemStore(), counter);
    objects = new MeteredObjectStore(new MemoryObjectStore(), counter);
  });

  /** What `work` made of the counters that it changed. */
  async function counted(work: () => Promise<unknown>) {
    const before = counter.snapshot();
    await work().catch(() => undefined);
    const counts = countsBetween(before, counter.snapshot());
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
  }

  const fill = async (bytes: number): Promise<void> => {
    await items.update(key, [set(["bytes"], new Uint8Array(bytes))], [], testCall);
  };

  test("a write costs a unit per KiB of the larger image, growing or shrinking", async () => {
    expect(await counted(() => fill(10))).toEqual({ itemUpdates: 1, writeUnits: 1 });
    expect(await counted(() => fill(3000))).toEqual({ itemUpdates: 1, writeUnits: 3 });
    expect(await counted(() => items.update(key, [remove(["bytes"])], [], testCall))).toEqual({
      itemUpdates: 1,
      writeUnits: 3,
    });
  });

  test("a transaction costs double, but for a delete alone and without conditions", async () => {
    await fill(3000);
    const remove = (conditions: readonly Condition[]) =>
      items.transact([{ kind: "delete", key, conditions }], testCall);
    expect(await counted(() => remove([itemExists]))).toMatchObject({ itemTransacts: 1, writeUnits: 6 });
    await fill(3000);
    expect(await counted(() => remove([]))).toMatchObject({ itemTransacts: 1, writeUnits: 3 });
  });

  test("a refused update is billed by the item that refused it", async () => {
    await fill(3000);
    const refused = () => items.update(key, [set(["a"], 1)], [itemAbsent], testCall);
    expect(await counted(refused)).toEqual({ itemUpdates: 1, itemUpdatesRefused: 1, writeUnits: 3 });
  });

  test("each part of a transaction costs double, also when refused", async () => {
    await fill(3000);
    const parts = (condition: typeof itemExists | typeof itemAbsent) =>
      [
        { kind: "check", key, conditions: [condition] },
        { kind: "put", key: { pk: "log", sk: "index" }, item: { a: 1 }, conditions: [] },
      ] as const;
    const transact = { itemTransacts: 1, itemTransactParts: 2 };
    expect(await counted(() => items.transact(parts(itemAbsent), testCall))).toEqual({
      ...transact,
      itemTransactsRefused: 1,
      writeUnits: 8,
    });
    expect(await counted(() => items.transact(parts(itemExists), testCall))).toEqual({ ...transact, writeUnits: 8 });
  });

  test("reads cost a unit per 4 KiB, eventually consistent ones half", async () => {
    await fill(5000);
    expect(await counted(() => items.get(key, testCall))).toMatchObject({ itemGets: 1, readUnits: 2 });
    expect(await counted(() => items.get(key, testCall, { consistent: false }))).toMatchObject({ readUnits: 1 });
    expect(await counted(() => items.getMany([key, { pk: "no", sk: "ne" }], testCall))).toMatchObject({
      itemGetManys: 1,
      readUnits: 3,
    });
    expect(await counted(() => items.query({ pk: "log" }, testCall))).toMatchObject({ itemQueries: 1, readUnits: 2 });
  });

  test("object requests and bytes are counted by class", async () => {
    expect(await counted(() => objects.put("a", [utf8("abc"), utf8("de")], testCall))).toEqual({
      objectPuts: 1,
      objectBytesPut: 5,
    });
    expect(await counted(() => objects.get("a", testCall, { start: 1, end: 3 }))).toEqual({
      objectGets: 1,
      objectBytesRead: 2,
    });
    expect(await counted(() => objects.list("", testCall))).toEqual({ objectLists: 1 });
    expect(await counted(() => objects.delete(["a"], testCall))).toEqual({ objectDeletes: 1 });
  });

  test("failures are counted, and reset forgets everything", async () => {
    expect(await counted(() => objects.get("..", testCall))).toEqual({ objectGets: 1, failures: 1 });
    counter.reset();
    expect(Object.values(counter.snapshot()).every((count) => count === 0)).toBe(true);
  });

  test("a million puts with three write units each cost what the price list says", async () => {
    for (let at = 0; at < 10; at++) await objects.put(`a${at}`, [], testCall);
    for (let at = 0; at < 10; at++) await fill(2900);
    const cost = costOf(counter.snapshot());
    expect(cost.total * 100_000).toBeCloseTo(5 + 3 * 0.625, 6);
    expect(cost.objects + cost.items).toBe(cost.total);
    expect(listPrices.date).toMatch(/^\d{4}-\d{2}$/);
  });
});
