import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  absent,
  add,
  type Condition,
  equal,
  exists,
  itemAbsent,
  itemExists,
  remove,
  set,
  setFrom,
} from "../../lib/storage/item-change.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { Item } from "../../lib/storage/item-value.ts";
import { testCall } from "../support/test-call.ts";
import { itemReadSuite } from "./item-read-suite.ts";
import { itemValueSuite } from "./item-value-suite.ts";

export interface OpenItemStore {
  readonly store: ItemStore;
  /** Closes the store and opens it again over the same data. */
  readonly reopen?: () => Promise<ItemStore>;
  readonly close: () => Promise<void>;
}

export interface ItemStoreTraits {
  /** Items survive `reopen`. */
  readonly persistent: boolean;
}

const key = { pk: "log/1", sk: "head" };

/** The promises of `ItemStore`, for any adapter or wrapper. */
export function itemStoreSuite(name: string, open: () => Promise<OpenItemStore>, traits: ItemStoreTraits): void {
  describe(`item store: ${name}`, () => {
    let opened: OpenItemStore;
    let store: ItemStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    const write = (item: Item, sk = key.sk, pk = key.pk) =>
      store.transact([{ kind: "put", key: { pk, sk }, item, conditions: [] }], testCall);
    const read = (sk = key.sk) => store.get({ pk: key.pk, sk }, testCall);
    const holds = async (condition: Condition) =>
      (await store.transact([{ kind: "check", key, conditions: [condition] }], testCall)).ok;

    itemValueSuite(() => store);
    itemReadSuite(() => store);

    describe("update", () => {
      test("creates an absent item out of its changes", async () => {
        const outcome = await store.update(key, [set(["next"], 5), add(["count"], 2)], [], testCall);
        expect(outcome).toEqual({ ok: true, changed: { next: 5, count: 2 } });
        expect(await read()).toEqual({ next: 5, count: 2 });
      });

      test("that only removes creates nothing", async () => {
        expect(await store.update(key, [remove(["gone"])], [], testCall)).toEqual({ ok: true, changed: {} });
        expect(await read()).toBeUndefined();
        expect((await store.query({ pk: key.pk }, testCall)).items).toEqual([]);
      });

      test("answers with the changed paths alone, nested as in the item", async () => {
        await write({ tail: { a: 1, b: 2 }, bases: {}, next: 10, other: "x" });
        const changes = [
          set(["tail", "c"], { n: 3 }),
          setFrom(["bases", "c"], ["next"], 0),
          setFrom(["next"], ["next"], 3),
          remove(["tail", "a"]),
        ];
        expect(await store.update(key, changes, [], testCall)).toEqual({
          ok: true,
          changed: { tail: { c: { n: 3 } }, bases: { c: 10 }, next: 13 },
        });
        expect(await read()).toEqual({ tail: { b: 2, c: { n: 3 } }, bases: { c: 10 }, next: 13, other: "x" });
      });

      test("every change sees the item as it was before", async () => {
        await write({ a: 1, b: 10 });
        await store.update(key, [setFrom(["a"], ["b"], 1), setFrom(["b"], ["a"], 1)], [], testCall);
        expect(await read()).toEqual({ a: 11, b: 2 });
      });

      test("adds to a number, which counts as 0 when absent", async () => {
        await write({ map: {} });
        await store.update(key, [add(["map", "n"], 5)], [], testCall);
        await store.update(key, [add(["map", "n"], -7)], [], testCall);
        expect(await read()).toEqual({ map: { n: -2 } });
      });

      test("removing what is absent is no error", async () => {
        await write({ map: {}, a: 1 });
        expect(await store.update(key, [remove(["map", "x"]), remove(["b"])], [], testCall)).toEqual({
          ok: true,
          changed: {},
        });
        expect(await read()).toEqual({ map: {}, a: 1 });
      });

      test("an item whose last attribute goes still exists", async () => {
        await write({ a: 1 });
        await store.update(key, [remove(["a"])], [], testCall);
        expect(await read()).toEqual({});
        expect(await holds(itemExists)).toBe(true);
      });

      test("a failed condition answers with the whole item as it stood, and changes nothing", async () => {
        await write({ a: 1, b: { c: 2 } });
        const outcome = await store.update(key, [set(["a"], 9)], [equal(["a"], 1), absent(["b", "c"])], testCall);
        expect(outcome).toEqual({ ok: false, current: { a: 1, b: { c: 2 } } });
        expect(await read()).toEqual({ a: 1, b: { c: 2 } });
      });

      test("a failed condition on no item answers with none, and creates nothing", async () => {
        const outcome = await store.update(key, [set(["a"], 9)], [itemExists], testCall);
        expect(outcome).toEqual({ ok: false, current: undefined });
        expect(await read()).toBeUndefined();
      });

      test("what does not fit the item is refused and changes nothing", async () => {
        await write({ text: "x", n: 1 });
        const bad = [
          [set(["no", "parent"], 1)],
          [set(["text", "child"], 1)],
          [remove(["no", "parent"])],
          [setFrom(["a"], ["absent"], 1)],
          [setFrom(["a"], ["text"], 1)],
          [add(["text"], 1)],
          [set(["n"], 2), add(["text"], 1)],
        ];
        for (const changes of bad) {
          await expect(store.update(key, changes, [], testCall)).rejects.toMatchObject({
            code: "InvalidRequest",
            effect: "none",
          });
        }
        expect(await read()).toEqual({ text: "x", n: 1 });
      });

      test("arguments that break the rules are refused", async () => {
        const refused = async (changes: Parameters<ItemStore["update"]>[1], conditions: readonly Condition[] = []) => {
          await expect(store.update(key, changes, conditions, testCall)).rejects.toMatchObject({
            code: "InvalidRequest",
          });
        };
        await refused([]);
        await refused([set(["a"], 1), set(["a"], 2)]);
        await refused([set(["a"], {}), set(["a", "b"], 2)]);
        await refused([remove(["a", "b", "c"]), add(["a", "b"], 2)]);
        await refused([set(["a"], Number.NaN)]);
        await refused([set(["a"], Number.POSITIVE_INFINITY)]);
        await refused([set(["pk"], "x")]);
        await refused([set([""], "x")]);
        await refused([set(["__proto__", "x"], 1)]);
        await refused([set(["a"], "\ud800")]);
        await refused(Array.from({ length: 301 }, (_, at) => remove([`a${at}`])));
        await refused(
          [set(["a"], 1)],
          Array.from({ length: 151 }, (_, at) => exists([`a${at}`])),
        );
        for (const bad of [
          { pk: "", sk: "x" },
          { pk: "x", sk: "" },
          { pk: "x".repeat(2049), sk: "x" },
          { pk: "x", sk: "é".repeat(513) },
        ]) {
          await expect(store.get(bad, testCall)).rejects.toMatchObject({ code: "InvalidRequest" });
        }
        expect(await read()).toBeUndefined();
      });

      test("an item above 400 KiB is refused, and the old one stays", async () => {
        await write({ a: new Uint8Array(300 * 1024) });
        await expect(store.update(key, [set(["b"], new Uint8Array(110 * 1024))], [], testCall)).rejects.toMatchObject({
          code: "InvalidRequest",
          effect: "none",
        });
        expect(Object.keys((await read()) ?? {})).toEqual(["a"]);
      });

      test("a commit of 64 producers and a trim of 48 entries fit one update", async () => {
        await write({ producers: {}, tail: {}, bases: {} });
        const ids = Array.from({ length: 64 }, (_, at) => String(at));
        const commit = await store.update(
          key,
          ids.map((id) => set(["producers", id], new Uint8Array(20))),
          ids.map((id) => absent(["producers", id])),
          testCall,
        );
        expect(commit.ok).toBe(true);
        const entries = ids.slice(0, 48).flatMap((id) => [remove(["tail", id]), remove(["bases", id])]);
        expect((await store.update(key, entries, [itemExists], testCall)).ok).toBe(true);
      });
    });

    describe("transact", () => {
      test("does all its parts", async () => {
        await write({ n: 1 }, "a");
        await write({ n: 2 }, "b");
        const outcome = await store.transact(
          [
            { kind: "update", key: { pk: key.pk, sk: "a" }, changes: [add(["n"], 1)], conditions: [equal(["n"], 1)] },
            { kind: "delete", key: { pk: key.pk, sk: "b" }, conditions: [itemExists] },
            { kind: "put", key: { pk: "other", sk: "c" }, item: { n: 3 }, conditions: [itemAbsent] },
            { kind: "check", key: { pk: key.pk, sk: "d" }, conditions: [itemAbsent] },
          ],
          testCall,
        );
        expect(outcome).toEqual({ ok: true });
        expect(await read("a")).toEqual({ n: 2 });
        expect(await read("b")).toBeUndefined();
        expect(await store.get({ pk: "other", sk: "c" }, testCall)).toEqual({ n: 3 });
      });

      test("does nothing when a condition fails, and names every such part with its item", async () => {
        await write({ n: 1 }, "a");
        await write({ n: 2 }, "b");
        const outcome = await store.transact(
          [
            { kind: "update", key: { pk: key.pk, sk: "a" }, changes: [add(["n"], 1)], conditions: [] },
            { kind: "delete", key: { pk: key.pk, sk: "b" }, conditions: [equal(["n"], 7)] },
            { kind: "check", key: { pk: key.pk, sk: "c" }, conditions: [itemExists] },
          ],
          testCall,
        );
        expect(outcome).toEqual({
          ok: false,
          failed: [
            { part: 1, current: { n: 2 } },
            { part: 2, current: undefined },
          ],
        });
        expect(await read("a")).toEqual({ n: 1 });
        expect(await read("b")).toEqual({ n: 2 });
      });

      test("does nothing when a part does not fit its item", async () => {
        await write({ text: "x" }, "b");
        const parts = [
          { kind: "put", key: { pk: key.pk, sk: "a" }, item: { n: 1 }, conditions: [] },
          { kind: "update", key: { pk: key.pk, sk: "b" }, changes: [add(["text"], 1)], conditions: [] },
        ] as const;
        await expect(store.transact(parts, testCall)).rejects.toMatchObject({ code: "InvalidRequest", effect: "none" });
        expect(await read("a")).toBeUndefined();
      });

      test("a put replaces the whole item", async () => {
        await write({ a: 1, b: 2 });
        await write({ c: 3 });
        expect(await read()).toEqual({ c: 3 });
      });

      test("no part, too many parts, one item twice and bare checks are refused", async () => {
        const put = (sk: string) => ({ kind: "put", key: { pk: key.pk, sk }, item: {}, conditions: [] }) as const;
        const bad = [
          [],
          Array.from({ length: 101 }, (_, at) => put(String(at))),
          [put("a"), put("a")],
          [{ kind: "check", key, conditions: [] } as const],
        ];
        for (const parts of bad) {
          await expect(store.transact(parts, testCall)).rejects.toMatchObject({
            code: "InvalidRequest",
            effect: "none",
          });
        }
        expect(
          (
            await store.transact(
              Array.from({ length: 100 }, (_, at) => put(String(at))),
              testCall,
            )
          ).ok,
        ).toBe(true);
      });

      test("more than 4 MiB at once is refused", async () => {
        const parts = Array.from({ length: 12 }, (_, at) => ({
          kind: "put" as const,
          key: { pk: "large", sk: String(at) },
          item: { bytes: new Uint8Array(380 * 1024) },
          conditions: [],
        }));
        await expect(store.transact(parts, testCall)).rejects.toMatchObject({ code: "InvalidRequest" });
        expect((await store.query({ pk: "large" }, testCall)).items).toEqual([]);
      });
    });

    test.runIf(traits.persistent)("items survive closing and opening again", async () => {
      await Promise.all(Array.from({ length: 50 }, (_, at) => write({ at }, `k${at}`)));
      await store.transact([{ kind: "delete", key: { pk: key.pk, sk: "k7" }, conditions: [] }], testCall);
      const before = await store.query({ pk: key.pk }, testCall);
      const again = await opened.reopen?.();
      expect(await again?.query({ pk: key.pk }, testCall)).toEqual(before);
      expect(before.items).toHaveLength(49);
    });
  });
}
