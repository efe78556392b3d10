import { describe, expect, test } from "vitest";
import { cacheName, ItemCache } from "../../../lib/adapters/embedded/item-cache.ts";

describe("item cache", () => {
  test("tells a key known to hold nothing from an unknown one", () => {
    const cache = new ItemCache(10_000);
    cache.set("a", undefined, 0);
    expect(cache.get("a")).toMatchObject({ item: undefined });
    expect(cache.get("b")).toBeUndefined();
  });

  test("stays within its bytes, and the longest unused leaves first", () => {
    const cache = new ItemCache(3000);
    for (const name of ["a", "b", "c"]) cache.set(name, {}, 150);
    cache.get("a");
    cache.set("d", {}, 150);
    expect(["a", "b", "c", "d"].filter((name) => cache.has(name))).toEqual(["a", "c", "d"]);
    for (let at = 0; at < 1000; at++) cache.set(`k${at % 50}`, {}, at % 400);
    expect(cache.bytes).toBeLessThanOrEqual(3000);
  });

  test("an entry larger than the whole cache is not kept", () => {
    const cache = new ItemCache(1000);
    cache.set("a", {}, 1);
    cache.set("large", {}, 5000);
    expect(cache.has("large")).toBe(false);
    expect(cache.bytes).toBe(0);
  });

  test("no two keys share a name", () => {
    expect(cacheName({ pk: "a", sk: "bc" })).not.toBe(cacheName({ pk: "ab", sk: "c" }));
    expect(cacheName({ pk: "1:a", sk: "b" })).not.toBe(cacheName({ pk: "1", sk: ":ab" }));
  });
});
