import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { openDynamoStore, openS3Store } from "../support/aws-stores.ts";
import { testCall } from "../support/test-call.ts";
import { byLength } from "../support/test-length.ts";
import { everything, first, perform, randomOperations } from "./random-operations.ts";

const runs = byLength({ quick: 20, short: 300, full: 3000 });

// Binary fractions: DynamoDB adds in decimal, which agrees with doubles on these.
const { write, read } = randomOperations(
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, -2.25, 2 ** 40, 2 ** -20)),
);

const objectKey = fc.constantFrom("a/1", "a-b", "a/b", "b/1", "b/2", "c");
const objectOperation = fc.oneof(
  fc.record({
    kind: fc.constant("put" as const),
    key: objectKey,
    text: fc.string({ maxLength: 8 }),
    ifAbsent: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("get" as const), key: objectKey }),
  fc.record({
    kind: fc.constant("range" as const),
    key: objectKey,
    start: fc.nat(8),
    bytes: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({
    kind: fc.constant("list" as const),
    prefix: fc.constantFrom("", "a", "b/", "d"),
    startAfter: fc.constantFrom("", "a", "a0", "b/1", "z"),
    limit: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant("delete" as const), keys: fc.array(objectKey, { maxLength: 3 }) }),
);

function performOn(store: ObjectStore, operation: typeof objectOperation extends fc.Arbitrary<infer T> ? T : never) {
  switch (operation.kind) {
    case "put":
      return store.put(operation.key, [utf8(operation.text)], testCall, { ifAbsent: operation.ifAbsent });
    case "get":
      return store.get(operation.key, testCall);
    case "range": {
      const { start, bytes } = operation;
      return store.get(operation.key, testCall, { start, end: start + bytes });
    }
    case "list": {
      const { startAfter, limit } = operation;
      return store.list(operation.prefix, testCall, { limit, ...(startAfter === "" ? {} : { startAfter }) });
    }
    case "delete":
      return store.delete(operation.keys, testCall);
  }
}

describe("random operation sequences", () => {
  test("give the same answers on memory and DynamoDB, and leave the same items", async () => {
    const steps = fc.array(fc.oneof({ weight: 2, arbitrary: write }, { weight: 1, arbitrary: read }), {
      minLength: 15,
      maxLength: 30,
      size: "max",
    });
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(steps, async (operations) => {
        const memory = new MemoryItemStore();
        const { store, close } = await openDynamoStore();
        for (const each of [memory, store]) await each.transact(first, testCall);
        for (const operation of operations) {
          const expected = await perform(memory, operation);
          expect(await perform(store, operation)).toEqual(expected);
          const kind = JSON.stringify((expected as { ok?: boolean } | undefined)?.ok ?? typeof expected);
          outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
        }
        expect(await everything(store)).toEqual(await everything(memory));
        await close();
      }),
      { numRuns: runs },
    );
    // Vacuous unless writes took effect, and were refused by conditions, in numbers.
    expect(outcomes.get("true")).toBeGreaterThan(runs);
    expect(outcomes.get("false")).toBeGreaterThan(runs / 2);
  });

  test("give the same answers on memory and S3, and leave the same objects", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(objectOperation, { minLength: 10, maxLength: 25, size: "max" }), async (operations) => {
        const memory = new MemoryObjectStore();
        const { store, close } = await openS3Store();
        for (const operation of operations) {
          expect(await performOn(store, operation)).toEqual(await performOn(memory, operation));
        }
        expect(await store.list("", testCall)).toEqual(await memory.list("", testCall));
        await close();
      }),
      { numRuns: runs },
    );
  });
});
