import { describe, expect, test } from "vitest";
import { ByteCache } from "../../../lib/log/read/byte-cache.ts";

const KIB = 1024;

describe("what a byte cache keeps", () => {
  test("keeps no more alive than it counts: a small view becomes a copy, whatever kind of array it is", () => {
    const cache = new ByteCache(64 * KIB);
    for (const whole of [new Uint8Array(8 * KIB), Buffer.alloc(8 * KIB)]) {
      whole.fill(7);
      cache.keep("view", whole.subarray(KIB, 2 * KIB));
      const kept = cache.peek("view");
      expect(kept).toEqual(new Uint8Array(KIB).fill(7));
      expect(kept?.buffer.byteLength).toBe(KIB);
    }
  });

  test("bytes that are most of their memory are not copied", () => {
    const cache = new ByteCache(64 * KIB);
    const view = new Uint8Array(8 * KIB).subarray(KIB);
    cache.keep("view", view);
    expect(cache.peek("view")).toBe(view);
  });

  test("what is read once is not kept, and pushes nothing out", async () => {
    const cache = new ByteCache(8 * KIB);
    cache.keep("hot", new Uint8Array(4 * KIB));
    for (let index = 0; index < 4; index++) {
      const bytes = await cache.get(`cold ${index}`, async () => new Uint8Array(4 * KIB), "once");
      expect(bytes?.byteLength).toBe(4 * KIB);
      expect(cache.peek(`cold ${index}`)).toBeUndefined();
    }
    expect(cache.peek("hot")).toBeDefined();
  });
});
