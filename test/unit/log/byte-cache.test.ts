import { describe, expect, test } from "vitest";
import { ByteCache } from "../../../lib/log/read/byte-cache.ts";

const KIB = 1024;

describe("what a byte cache keeps", () => {
  test("keeps no more alive than it counts: a small view becomes a copy, whatever kind of array it is", () => {
    const cache = new ByteCache(64 * KIB);
    for (const whole of [new Uint8Array(8 * KIB), Buffer.alloc(8 * KIB)]) {
      whole.fill(7);
      cache.keep({ name: "view", pieces: [whole.subarray(KIB, 2 * KIB)] });
      const kept = cache.peek("view")?.subarray(0, KIB);
      expect(kept).toEqual(new Uint8Array(KIB).fill(7));
      expect(kept?.buffer.byteLength).toBe(KIB);
    }
  });

  test("bytes that are most of their memory are not copied", () => {
    const cache = new ByteCache(64 * KIB);
    const view = new Uint8Array(8 * KIB).subarray(KIB);
    cache.keep({ name: "view", pieces: [view] });
    expect(cache.peek("view")?.pieces[0]).toBe(view);
  });

  test("neighbours that need most of one piece of memory together stay views of it", () => {
    const cache = new ByteCache(64 * KIB);
    const whole = new Uint8Array(8 * KIB);
    const halves = [whole.subarray(0, 4 * KIB), whole.subarray(4 * KIB)] as const;
    cache.keep({ name: "first", pieces: [halves[0]] }, { name: "second", pieces: [halves[1]] });
    expect(cache.peek("first")?.pieces[0]).toBe(halves[0]);
    expect(cache.peek("second")?.pieces[0]).toBe(halves[1]);
  });

  test("memory counts until the last view of it is gone, and no longer", () => {
    const cache = new ByteCache(16 * KIB);
    const keepBoth = (name: string): void => {
      const whole = new Uint8Array(8 * KIB);
      const half = (from: number): Uint8Array => whole.subarray(from, from + 4 * KIB);
      cache.keep({ name: `${name}-1`, pieces: [half(0)] }, { name: `${name}-2`, pieces: [half(4 * KIB)] });
    };
    keepBoth("a");
    keepBoth("b");
    cache.drop("a-1");
    cache.keep({ name: "c", pieces: [new Uint8Array(KIB)] });
    expect(cache.peek("a-2")).toBeUndefined();
    expect(cache.peek("b-1")).toBeDefined();
    keepBoth("d");
    expect([cache.peek("b-2"), cache.peek("c")]).toEqual([undefined, undefined]);
    keepBoth("e");
    expect(cache.peek("b-1")).toBeUndefined();
    expect(cache.peek("d-2")).toBeDefined();
  });

  test("what is read once is not kept, and pushes nothing out", async () => {
    const cache = new ByteCache(8 * KIB);
    cache.keep({ name: "hot", pieces: [new Uint8Array(4 * KIB)] });
    for (let index = 0; index < 4; index++) {
      const bytes = await cache.get(`cold ${index}`, async () => new Uint8Array(4 * KIB), "once");
      expect(bytes?.byteLength).toBe(4 * KIB);
      expect(cache.peek(`cold ${index}`)).toBeUndefined();
    }
    expect(cache.peek("hot")).toBeDefined();
  });
});
