import { beforeEach, describe, expect, test } from "vitest";
import type { S3ObjectStore } from "../../lib/adapters/aws/s3-object-store.ts";
import { DeadlineObjectStore } from "../../lib/adapters/wrappers/deadline-object-store.ts";
import { MeteredObjectStore } from "../../lib/adapters/wrappers/metered-object-store.ts";
import { RetryingObjectStore } from "../../lib/adapters/wrappers/retrying-object-store.ts";
import { StoreCounter } from "../../lib/adapters/wrappers/store-counts.ts";
import { bytesEqual, concatBytes, utf8 } from "../../lib/base/bytes.ts";
import { systemRandom } from "../../lib/base/random.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { openS3Store } from "../support/aws-stores.ts";
import { refusalOf } from "../support/refusal.ts";
import { testCall } from "../support/test-call.ts";

const MIB = 1024 * 1024;
/** Bytes that tell by their place which they are. */
function numbered(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * seed + (at >> 9);
  return bytes;
}

let store: S3ObjectStore;
beforeEach(async () => {
  ({ store } = await openS3Store({ uploadInPartsAboveBytes: 6 * MIB }));
});

describe("a large body", () => {
  test("goes up in parts, cut anywhere, and reads back whole and in ranges", async () => {
    const parts = [
      numbered(5 * MIB + 3, 3),
      numbered(10, 5),
      numbered(7 * MIB, 7),
      new Uint8Array(0),
      numbered(MIB, 11),
    ];
    const whole = concatBytes(parts);
    expect(await store.put("large", parts, testCall)).toBe("stored");
    const read = await store.get("large", testCall);
    expect(read !== undefined && bytesEqual(read, whole)).toBe(true);
    const range = { start: 8 * MIB - 5, end: 8 * MIB + 5 };
    expect(await store.get("large", testCall, range)).toEqual(whole.slice(range.start, range.end));
  });

  test("in one request arrives from many buffers as from one", async () => {
    const parts = Array.from({ length: 700 }, (_, at) => numbered(at * 10, at));
    expect(await store.put("many", parts, testCall)).toBe("stored");
    const read = await store.get("many", testCall);
    expect(read !== undefined && bytesEqual(read, concatBytes(parts))).toBe(true);
  });

  test("put if absent leaves an existing object alone", async () => {
    await store.put("large", [utf8("first")], testCall);
    expect(await store.put("large", [numbered(7 * MIB, 3)], testCall, { ifAbsent: true })).toBe("exists");
    expect(await store.get("large", testCall)).toEqual(utf8("first"));
  });
});

describe("compose", () => {
  const a = numbered(6 * MIB, 3);
  const b = numbered(5 * MIB, 7);
  beforeEach(async () => {
    await store.put("a", [a], testCall);
    await store.put("b", [b], testCall);
  });

  test("joins ranges of objects in their order", async () => {
    const parts = [
      { key: "b", range: { start: 0, end: 5 * MIB } },
      { key: "a", range: { start: 17, end: 5 * MIB + 17 } },
      { key: "b", range: { start: 100, end: 103 } },
    ];
    await store.compose("joined", parts, testCall);
    const expected = concatBytes(parts.map(({ key, range }) => (key === "a" ? a : b).subarray(range.start, range.end)));
    const read = await store.get("joined", testCall);
    expect(read !== undefined && bytesEqual(read, expected)).toBe(true);
  });

  test("of what is missing or too short fails as such, and puts nothing", async () => {
    for (const source of [
      { key: "none", range: { start: 0, end: 10 } },
      { key: "b", range: { start: 5 * MIB - 10, end: 5 * MIB + 1 } },
      { key: "b", range: { start: 5 * MIB, end: 5 * MIB + 1 } },
    ]) {
      const composing = refusalOf(() => store.compose("joined", [source], testCall));
      expect(await composing).toMatchObject({ code: "CorruptObject", effect: "none" });
    }
    expect(await store.get("joined", testCall)).toBeUndefined();
  });

  test("refuses small parts that are not the last", async () => {
    const small = { key: "a", range: { start: 0, end: 10 } };
    const composing = refusalOf(() => store.compose("joined", [small, small], testCall));
    expect(await composing).toMatchObject({ code: "InvalidRequest" });
  });

  test("goes through the wrappers, which count a request for each part and two more", async () => {
    const counter = new StoreCounter();
    const clock = systemClock();
    const metered = new DeadlineObjectStore(new MeteredObjectStore(store, counter), clock);
    const wrapped = new RetryingObjectStore(metered, { clock, random: systemRandom });
    await wrapped.compose?.("joined", [{ key: "b", range: { start: 0, end: 10 } }], testCall);
    expect(await wrapped.get("joined", testCall)).toEqual(b.slice(0, 10));
    expect(counter.snapshot()).toMatchObject({ objectPuts: 3, objectGets: 1 });
    expect(await wrapped.readUrl?.("joined", testCall, { expiresMs: 60_000 })).toContain("/joined?");
  });
});

describe("an address to read at", () => {
  test("gives the bytes, whole and in ranges, to whoever has it", async () => {
    await store.put("topics/t/0/x.log", [utf8("0123456789")], testCall);
    const url = await store.readUrl("topics/t/0/x.log", testCall, { expiresMs: 60_000 });
    expect(await (await fetch(url)).text()).toBe("0123456789");
    expect(await (await fetch(url, { headers: { range: "bytes=2-4" } })).text()).toBe("234");
    expect((await fetch(url.replace(/\?.*/, ""))).status).toBe(403);
  });

  test("expires", async () => {
    await store.put("a", [utf8("x")], testCall);
    const url = await store.readUrl("a", testCall, { expiresMs: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect((await fetch(url)).status).toBe(403);
  });

  test("is refused for times that S3 does not sign", async () => {
    for (const expiresMs of [0, 999, 8 * 24 * 3_600_000, Number.NaN]) {
      expect(await refusalOf(() => store.readUrl("a", testCall, { expiresMs }))).toMatchObject({
        code: "InvalidRequest",
      });
    }
  });
});
