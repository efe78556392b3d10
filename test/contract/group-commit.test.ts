import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InlineItemTable } from "../../lib/adapters/embedded/inline-item-table.ts";
import type { ItemTable, RowWrite } from "../../lib/adapters/embedded/item-table.ts";
import { SqliteItemStore } from "../../lib/adapters/embedded/sqlite-item-store.ts";
import { LogError } from "../../lib/base/errors.ts";
import { add, equal, set } from "../../lib/storage/item-change.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testCall } from "../support/test-call.ts";
import { type Fault, withFaults } from "../support/with-faults.ts";

const key = { pk: "log", sk: "head" };

describe("group commit", () => {
  let directory: { path: string; remove: () => Promise<void> };
  let groups: number[];
  let fault: Fault | undefined;
  /** Commits wait here when set. */
  let gate: Promise<void> | undefined;
  let store: SqliteItemStore;

  function tableOf(inner: ItemTable): ItemTable {
    const faulty = withFaults<ItemTable>(inner, (operation) => (operation === "commit" ? fault : undefined));
    return {
      path: inner.path,
      read: (keys) => faulty.read(keys),
      query: (query) => faulty.query(query),
      close: () => faulty.close(),
      commit: async (writes: readonly RowWrite[]) => {
        groups.push(writes.length);
        await gate;
        await faulty.commit(writes);
      },
    };
  }

  beforeEach(async () => {
    directory = await temporaryDirectory();
    groups = [];
    fault = undefined;
    gate = undefined;
    store = new SqliteItemStore(tableOf(new InlineItemTable(`${directory.path}/items.db`)));
  });
  afterEach(async () => {
    await store.close();
    await directory.remove();
  });

  const write = (sk: string) => store.update({ pk: "log", sk }, [set(["a"], sk)], [], testCall);
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test("what comes while a commit is on its way shares the next one", async () => {
    const open = Promise.withResolvers<void>();
    gate = open.promise;
    const first = write("first");
    await turn();
    const rest = Array.from({ length: 40 }, (_, at) => write(`k${at}`));
    await turn();
    expect(groups).toEqual([1]);
    open.resolve();
    await Promise.all([first, ...rest]);
    expect(groups).toEqual([1, 40]);
  });

  test("nobody sees a write before its commit, nor an answer to it", async () => {
    await write("head");
    const open = Promise.withResolvers<void>();
    gate = open.promise;
    let answered = false;
    const writing = store.update(key, [set(["a"], "new")], [], testCall).then(() => {
      answered = true;
    });
    const refused = store.update(key, [add(["n"], 1)], [equal(["a"], "head")], testCall);
    await turn();
    expect(answered).toBe(false);
    expect(await store.get(key, testCall)).toEqual({ a: "head" });
    expect((await store.query({ pk: "log" }, testCall)).items[0]?.item).toEqual({ a: "head" });
    open.resolve();
    await writing;
    expect(await refused).toEqual({ ok: false, current: { a: "new" } });
    expect(await store.get(key, testCall)).toEqual({ a: "new" });
  });

  test("a full disk fails the group without effect, and the store goes on when there is space again", async () => {
    await write("head");
    fault = { side: "before", error: new LogError("StoreFull", "no space left") };
    const failed = await Promise.allSettled([write("x"), store.update(key, [set(["a"], "lost")], [], testCall)]);
    for (const outcome of failed) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "StoreFull", effect: "none" } });
    }
    expect(await store.get(key, testCall)).toEqual({ a: "head" });
    fault = undefined;
    await write("x");
    expect(await store.get({ pk: "log", sk: "x" }, testCall)).toEqual({ a: "x" });
  });

  test("a commit that ends in doubt is told as unknown, and nothing is answered from then on", async () => {
    fault = { side: "after", error: new LogError("StoreUnavailable", "disk I/O error", { effect: "unknown" }) };
    await expect(write("x")).rejects.toMatchObject({ code: "StoreUnavailable", effect: "unknown" });
    fault = undefined;
    await expect(write("y")).rejects.toMatchObject({ code: "StoreUnavailable", effect: "none" });
    await expect(store.get(key, testCall)).rejects.toMatchObject({ code: "StoreUnavailable" });
    await expect(store.query({ pk: "log" }, testCall)).rejects.toMatchObject({ code: "StoreUnavailable" });
  });

  test("closing waits for what is under way, refuses what comes later, and may be repeated", async () => {
    const writing = Array.from({ length: 5 }, (_, at) => write(`k${at}`));
    const closing = store.close();
    await expect(write("late")).rejects.toMatchObject({ code: "Closed" });
    await Promise.all([closing, store.close()]);
    expect(await Promise.all(writing)).toHaveLength(5);
  });
});
