import { describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { attemptsMax, waitMsMax } from "../../../lib/adapters/wrappers/retry-policy.ts";
import { RetryingItemStore } from "../../../lib/adapters/wrappers/retrying-item-store.ts";
import { RetryingObjectStore } from "../../../lib/adapters/wrappers/retrying-object-store.ts";
import { utf8 } from "../../../lib/base/bytes.ts";
import type { ErrorCode } from "../../../lib/base/error-codes.ts";
import { type Effect, LogError, type LogErrorOptions } from "../../../lib/base/errors.ts";
import { systemRandom } from "../../../lib/base/random.ts";
import { add } from "../../../lib/storage/item-change.ts";
import { InstantClock } from "../../support/instant-clock.ts";
import { testCall } from "../../support/test-call.ts";
import { type Fault, withFaults } from "../../support/with-faults.ts";

const key = { pk: "log", sk: "head" };

/** Stores whose first `times` operations fail so. */
function failing(times: number, code: ErrorCode, options: LogErrorOptions = {}, side: Fault["side"] = "before") {
  const clock = new InstantClock();
  const tried: string[] = [];
  const decide = (operation: string): Fault | undefined => {
    tried.push(operation);
    return tried.length <= times ? { side, error: new LogError(code, "injected", options) } : undefined;
  };
  const items = new MemoryItemStore();
  const retryOptions = { clock, random: systemRandom };
  return {
    clock,
    tried,
    bareItems: items,
    items: new RetryingItemStore(withFaults(items, decide), retryOptions),
    objects: new RetryingObjectStore(withFaults(new MemoryObjectStore(), decide), retryOptions),
  };
}

const increment = [add(["n"], 1)];

describe("retry", () => {
  test("an update of which nothing happened is repeated, and happens once", async () => {
    const { items, bareItems, tried } = failing(3, "StoreThrottled");
    expect(await items.update(key, increment, [], testCall)).toEqual({ ok: true, changed: { n: 1 } });
    expect(tried).toHaveLength(4);
    expect(await bareItems.get(key, testCall)).toEqual({ n: 1 });
  });

  test("an update or transaction whose answer was lost is never repeated", async () => {
    const lost = { effect: "unknown" as Effect };
    for (const code of ["StoreUnavailable", "RequestTimedOut", "StoreThrottled"] as const) {
      const one = failing(1, code, lost, "after");
      await expect(one.items.update(key, increment, [], testCall)).rejects.toMatchObject({ code, effect: "unknown" });
      expect(await one.bareItems.get(key, testCall)).toEqual({ n: 1 });
      const two = failing(1, code, lost, "after");
      const parts = [{ kind: "update", key, changes: increment, conditions: [] }] as const;
      await expect(two.items.transact(parts, testCall)).rejects.toMatchObject({ code, effect: "unknown" });
      expect(two.tried).toEqual(["transact"]);
    }
  });

  test("reads are repeated whatever the failure may have done", async () => {
    const { items, objects } = failing(2, "StoreUnavailable", { effect: "unknown" });
    expect(await items.get(key, testCall)).toBeUndefined();
    expect(await items.query({ pk: "log" }, testCall)).toEqual({ items: [], more: false });
    expect(await objects.get("a", testCall)).toBeUndefined();
  });

  test("a put whose answer was lost is repeated, but not a conditional one", async () => {
    const plain = failing(1, "StoreUnavailable", { effect: "unknown" }, "after");
    expect(await plain.objects.put("a", [utf8("x")], testCall)).toBe("stored");
    const conditional = failing(1, "StoreUnavailable", { effect: "unknown" }, "after");
    await expect(conditional.objects.put("a", [utf8("x")], testCall, { ifAbsent: true })).rejects.toMatchObject({
      effect: "unknown",
    });
    expect(conditional.tried).toEqual(["put"]);
  });

  test("what does not pass by itself is told at once", async () => {
    for (const code of ["StoreFull", "StoreForbidden", "InvalidRequest", "CorruptItem"] as const) {
      const { items, tried } = failing(1, code);
      await expect(items.get(key, testCall)).rejects.toMatchObject({ code });
      expect(tried).toHaveLength(1);
    }
  });

  test("the tries and their waits are bounded", async () => {
    const { items, tried, clock } = failing(Number.POSITIVE_INFINITY, "StoreThrottled");
    await expect(items.get(key, testCall)).rejects.toMatchObject({ code: "StoreThrottled" });
    expect(tried).toHaveLength(attemptsMax);
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(waitMsMax);
  });

  test("no try begins after the deadline, and no wait reaches beyond it", async () => {
    const { items, clock } = failing(Number.POSITIVE_INFINITY, "StoreThrottled");
    const deadlineMs = clock.monotonicMs() + 100;
    await expect(items.get(key, { deadlineMs })).rejects.toMatchObject({ code: "StoreThrottled" });
    expect(clock.monotonicMs()).toBeLessThan(deadlineMs);
  });

  test("a store that names a wait gets it", async () => {
    const { items, clock } = failing(1, "StoreThrottled", { retryAfterMs: 1234 });
    await items.get(key, testCall);
    expect(clock.slept).toEqual([1234]);
  });

  test("a caller who gives up while it waits gets the store's failure", async () => {
    const { items, tried } = failing(5, "StoreThrottled");
    const signal = AbortSignal.abort(new Error("gave up"));
    await expect(items.get(key, { ...testCall, signal })).rejects.toMatchObject({ code: "StoreThrottled" });
    expect(tried).toHaveLength(1);
  });
});
