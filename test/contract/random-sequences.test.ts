import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { InlineItemTable } from "../../lib/adapters/embedded/inline-item-table.ts";
import { SqliteItemStore } from "../../lib/adapters/embedded/sqlite-item-store.ts";
import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testCall } from "../support/test-call.ts";
import { everything, first, perform, randomOperations } from "./random-operations.ts";

const { write, read } = randomOperations(
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
);

describe("random operation sequences", () => {
  const directories: { remove: () => Promise<void> }[] = [];
  afterAll(async () => {
    for (const directory of directories) await directory.remove();
  });

  async function openSqlite(cacheBytesMax: number) {
    const directory = await temporaryDirectory();
    directories.push(directory);
    const open = () => new SqliteItemStore(new InlineItemTable(`${directory.path}/items.db`), { cacheBytesMax });
    return { store: open(), open };
  }

  test("give the same answers on memory and SQLite, and SQLite keeps the result", async () => {
    const steps = fc.array(fc.oneof({ weight: 2, arbitrary: write }, { weight: 1, arbitrary: read }), {
      minLength: 15,
      maxLength: 40,
      size: "max",
    });
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(0, 3000, 1_000_000), async (operations, cacheBytesMax) => {
        const memory = new MemoryItemStore();
        const { store, open } = await openSqlite(cacheBytesMax);
        for (const each of [memory, store]) await each.transact(first, testCall);
        for (const operation of operations) {
          const expected = await perform(memory, operation);
          expect(await perform(store, operation)).toEqual(expected);
          const kind = JSON.stringify((expected as { ok?: boolean } | undefined)?.ok ?? typeof expected);
          outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
        }
        await store.close();
        const again = open();
        expect(await everything(again)).toEqual(await everything(memory));
        await again.close();
      }),
      { numRuns: 60 },
    );
    // Vacuous unless writes took effect, and were refused by conditions, in numbers.
    expect(outcomes.get("true")).toBeGreaterThan(100);
    expect(outcomes.get("false")).toBeGreaterThan(50);
  });

  test("concurrent writes take effect in the order in which they were asked", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(write, { maxLength: 12, size: "max" }), { maxLength: 6, size: "max" }),
        async (groups) => {
          const memory = new MemoryItemStore();
          const { store } = await openSqlite(1_000_000);
          for (const each of [memory, store]) await each.transact(first, testCall);
          for (const group of groups) {
            const expected = await Promise.all(group.map((operation) => perform(memory, operation)));
            expect(await Promise.all(group.map((operation) => perform(store, operation)))).toEqual(expected);
          }
          expect(await everything(store)).toEqual(await everything(memory));
          await store.close();
        },
      ),
      { numRuns: 40 },
    );
  });
});
