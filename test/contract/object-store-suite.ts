import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { concatBytes, utf8 } from "../../lib/base/bytes.ts";
import { compareUtf8 } from "../../lib/storage/key-order.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { testCall } from "../support/test-call.ts";

export interface OpenObjectStore {
  readonly store: ObjectStore;
  /** Closes the store and opens it again over the same data. */
  readonly reopen?: () => Promise<ObjectStore>;
  readonly close: () => Promise<void>;
}

export interface ObjectStoreTraits {
  /** Objects survive `reopen`. */
  readonly persistent: boolean;
}

/** The promises of `ObjectStore`, for any adapter or wrapper. */
export function objectStoreSuite(name: string, open: () => Promise<OpenObjectStore>, traits: ObjectStoreTraits): void {
  describe(`object store: ${name}`, () => {
    let opened: OpenObjectStore;
    let store: ObjectStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    const put = (key: string, text: string) => store.put(key, [utf8(text)], testCall);
    const keys = async (prefix: string, options?: { startAfter?: string; limit?: number }) =>
      (await store.list(prefix, testCall, options)).objects.map((object) => object.key);

    test("an object reads back as its parts, one after another", async () => {
      const parts = [utf8("ab"), new Uint8Array(0), utf8("c"), new Uint8Array(300_000).fill(7)];
      expect(await store.put("topics/t/0/a.log", parts, testCall)).toBe("stored");
      expect(await store.get("topics/t/0/a.log", testCall)).toEqual(concatBytes(parts));
    });

    test("an object without bytes exists", async () => {
      await store.put("empty", [], testCall);
      expect(await store.get("empty", testCall)).toEqual(new Uint8Array(0));
      expect((await store.list("", testCall)).objects).toEqual([{ key: "empty", bytes: 0 }]);
    });

    test("thousands of parts are stored whole", async () => {
      const parts = Array.from({ length: 3000 }, (_, at) => utf8(`part ${at};`));
      await store.put("many", parts, testCall);
      expect(await store.get("many", testCall)).toEqual(concatBytes(parts));
    });

    test("a missing object is undefined, also for a range", async () => {
      expect(await store.get("staged/none", testCall)).toBeUndefined();
      expect(await store.get("staged/none", testCall, { start: 0, end: 5 })).toBeUndefined();
    });

    test("a range yields the part that exists", async () => {
      await put("object", "0123456789");
      const read = async (start: number, end: number) =>
        Buffer.from((await store.get("object", testCall, { start, end })) ?? utf8("missing")).toString();
      expect(await read(0, 4)).toBe("0123");
      expect(await read(3, 7)).toBe("3456");
      expect(await read(8, 100)).toBe("89");
      expect(await read(10, 11)).toBe("");
      expect(await read(99, 100)).toBe("");
    });

    test("a second put replaces the object, unless only an absent one was to be put", async () => {
      await put("object", "first");
      expect(await store.put("object", [utf8("other")], testCall, { ifAbsent: true })).toBe("exists");
      expect(await store.get("object", testCall)).toEqual(utf8("first"));
      expect(await put("object", "second")).toBe("stored");
      expect(await store.get("object", testCall)).toEqual(utf8("second"));
      expect(await store.put("fresh", [utf8("x")], testCall, { ifAbsent: true })).toBe("stored");
    });

    test("of many racers that put if absent, one stores and the rest learn that it exists", async () => {
      const racers = Array.from({ length: 20 }, (_, racer) =>
        store.put("race", [utf8(`racer ${racer}`)], testCall, { ifAbsent: true }),
      );
      const outcomes = await Promise.all(racers);
      expect(outcomes.filter((outcome) => outcome === "stored")).toHaveLength(1);
      const winner = outcomes.indexOf("stored");
      expect(await store.get("race", testCall)).toEqual(utf8(`racer ${winner}`));
    });

    test("bytes handed over and handed out are nobody's to change", async () => {
      const body = utf8("abc");
      await store.put("object", [body], testCall);
      body[0] = 0;
      const read = await store.get("object", testCall);
      expect(read).toEqual(utf8("abc"));
      read?.fill(0);
      expect(await store.get("object", testCall)).toEqual(utf8("abc"));
    });

    test("memory that a get is given is used as far as the store says, and holds no more than the answer", async () => {
      await put("object", "abcdef");
      for (const [range, text] of [
        [{ start: 1, end: 4 }, "bcd"],
        [{ start: 4, end: 7 }, "ef"],
        [{ start: 9, end: 10 }, ""],
      ] as const) {
        const memory = new Uint8Array(8).fill(9);
        const read = await store.get("object", testCall, range, memory);
        expect(read).toEqual(utf8(text));
        expect(read?.buffer === memory.buffer).toBe(store.capabilities.readsInto === true);
        expect(memory.subarray(3)).toEqual(new Uint8Array(5).fill(9));
      }
      const small = new Uint8Array(1);
      expect(await store.get("object", testCall, { start: 0, end: 6 }, small)).toEqual(utf8("abcdef"));
    });

    test("objects are listed in the order of their keys' bytes, across directories", async () => {
      const shuffled = ["b/x", "a/z", "a-b", "a.b", "a/b/c", "a0", "B", "a/b.log", "a/b-1", "_", "b/x0"];
      for (const key of shuffled) await put(key, key);
      expect(await keys("")).toEqual([...shuffled].sort(compareUtf8));
      expect((await store.list("a/b", testCall)).objects).toEqual([
        { key: "a/b-1", bytes: 5 },
        { key: "a/b.log", bytes: 7 },
        { key: "a/b/c", bytes: 5 },
      ]);
      expect(await keys("a/")).toEqual(["a/b-1", "a/b.log", "a/b/c", "a/z"]);
      expect(await keys("c")).toEqual([]);
    });

    test("a list goes on behind the last key until no more follow", async () => {
      const all = Array.from({ length: 23 }, (_, at) => `staged/${at % 3}/${String(at).padStart(3, "0")}`).sort(
        compareUtf8,
      );
      for (const key of all) await put(key, "x");
      const seen: string[] = [];
      for (let more = true; more; ) {
        const startAfter = seen.at(-1);
        const page = await store.list("staged/", testCall, {
          limit: 5,
          ...(startAfter === undefined ? {} : { startAfter }),
        });
        expect(page.objects.length).toBeLessThanOrEqual(5);
        seen.push(...page.objects.map((object) => object.key));
        more = page.more;
      }
      expect(seen).toEqual(all);
    });

    test("a list may start after a key that is not there", async () => {
      for (const key of ["a/1", "a/3", "b/1"]) await put(key, "x");
      expect(await keys("", { startAfter: "a/2" })).toEqual(["a/3", "b/1"]);
      expect(await keys("a/", { startAfter: "a/3" })).toEqual([]);
      expect(await keys("b", { startAfter: "a" })).toEqual(["b/1"]);
    });

    test("deleted objects are gone, and deleting what is absent succeeds", async () => {
      for (const key of ["a/1", "a/2", "b"]) await put(key, "x");
      expect(await store.delete(["a/1", "b", "never/was"], testCall)).toEqual({ failed: [] });
      expect(await keys("")).toEqual(["a/2"]);
      expect(await store.get("a/1", testCall)).toBeUndefined();
      expect(await store.put("a/1", [utf8("again")], testCall, { ifAbsent: true })).toBe("stored");
    });

    test("keys that could climb out of the store are refused", async () => {
      for (const key of [
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        ".hidden",
        "a b",
        "ä",
        "a\0",
        `a/${"x".repeat(300)}`,
        "a\\b",
      ]) {
        await expect(put(key, "x"), key).rejects.toMatchObject({ code: "InvalidRequest", effect: "none" });
        await expect(store.get(key, testCall), key).rejects.toMatchObject({ code: "InvalidRequest" });
        await expect(store.delete([key], testCall), key).rejects.toMatchObject({ code: "InvalidRequest" });
      }
    });

    test("ranges and limits outside the rules are refused", async () => {
      await put("object", "x");
      for (const range of [
        { start: -1, end: 1 },
        { start: 2, end: 2 },
        { start: 0.5, end: 1 },
      ]) {
        await expect(store.get("object", testCall, range)).rejects.toMatchObject({ code: "InvalidRequest" });
      }
      for (const limit of [0, 1001, 1.5]) {
        await expect(store.list("", testCall, { limit })).rejects.toMatchObject({ code: "InvalidRequest" });
      }
    });

    test("concurrent puts under one new directory are all there", async () => {
      const names = Array.from({ length: 40 }, (_, at) => `topics/new/${at % 4}/${String(at).padStart(2, "0")}.log`);
      await Promise.all(names.map((key) => put(key, key)));
      expect(await keys("topics/")).toEqual(names.sort(compareUtf8));
    });

    test.runIf(traits.persistent)("objects survive closing and opening again", async () => {
      await put("topics/t/0/a.log", "kept");
      const again = await opened.reopen?.();
      expect(await again?.get("topics/t/0/a.log", testCall)).toEqual(utf8("kept"));
    });
  });
}
