import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDataDirectory } from "../../lib/adapters/embedded/data-directory.ts";
import { DirectoryObjectStore } from "../../lib/adapters/embedded/directory-object-store.ts";
import { storeErrorOf } from "../../lib/adapters/embedded/sqlite-error.ts";
import { SqliteItemStore } from "../../lib/adapters/embedded/sqlite-item-store.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { set } from "../../lib/storage/item-change.ts";
import { failingFileSystem } from "../support/failing-file-system.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testCall } from "../support/test-call.ts";

let directory: { path: string; remove: () => Promise<void> };
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

describe("a failing disk under objects", () => {
  const cases = [
    ["ENOSPC", "StoreFull"],
    ["EDQUOT", "StoreFull"],
    ["EACCES", "StoreForbidden"],
    ["EROFS", "StoreForbidden"],
    ["EIO", "StoreUnavailable"],
  ] as const;
  for (const [systemCode, code] of cases) {
    for (const operation of ["createFile", "write", "sync", "rename", "syncDirectory"]) {
      test(`${systemCode} at ${operation} of a put is ${code}, and leaves no torn object`, async () => {
        let failing = false;
        const fileSystem = failingFileSystem((name) => (failing && name === operation ? systemCode : undefined));
        const store = await DirectoryObjectStore.open(fileSystem, directory.path);
        await store.put("topics/a.log", [utf8("first")], testCall);
        failing = true;
        const effect = operation === "syncDirectory" ? "unknown" : "none";
        const put = store.put("topics/b.log", [utf8("second")], testCall);
        await expect(put).rejects.toMatchObject({ code, effect, message: expect.stringContaining("topics/b.log") });
        failing = false;
        expect(await fileSystem.list(join(directory.path, "tmp"))).toEqual([]);
        const left = await store.get("topics/b.log", testCall);
        expect(left).toEqual(effect === "none" ? undefined : utf8("second"));
        expect(await store.put("topics/b.log", [utf8("again")], testCall)).toBe("stored");
        expect(await store.get("topics/a.log", testCall)).toEqual(utf8("first"));
        await fileSystem.close();
      });
    }
  }

  test("a read that fails names the file", async () => {
    const fileSystem = failingFileSystem((name) => (name === "readFile" ? "EIO" : undefined));
    const store = await DirectoryObjectStore.open(fileSystem, directory.path);
    await expect(store.get("topics/a.log", testCall)).rejects.toMatchObject({
      code: "StoreUnavailable",
      effect: "none",
      details: { file: join(directory.path, "objects/topics/a.log"), systemCode: "EIO" },
    });
    await fileSystem.close();
  });

  test("objects that cannot be deleted are named, the others go", async () => {
    const fileSystem = failingFileSystem((name, path) =>
      name === "unlink" && path.endsWith("b") ? "EACCES" : undefined,
    );
    const store = await DirectoryObjectStore.open(fileSystem, directory.path);
    for (const key of ["a", "b", "c"]) await store.put(key, [], testCall);
    expect(await store.delete(["a", "b", "c"], testCall)).toEqual({ failed: ["b"] });
    expect((await store.list("", testCall)).objects).toEqual([{ key: "b", bytes: 0 }]);
    await fileSystem.close();
  });

  test("what a put that was cut short left behind is removed at the next start", async () => {
    const fileSystem = failingFileSystem(() => undefined);
    const store = await DirectoryObjectStore.open(fileSystem, directory.path);
    await store.put("a", [utf8("kept")], testCall);
    await writeFile(join(directory.path, "tmp/17"), "half of a p");
    const again = await DirectoryObjectStore.open(fileSystem, directory.path);
    expect(await fileSystem.list(join(directory.path, "tmp"))).toEqual([]);
    expect((await again.list("", testCall)).objects).toEqual([{ key: "a", bytes: 4 }]);
    await fileSystem.close();
  });
});

describe("a data directory that cannot be used", () => {
  test("without permission names the directory", async () => {
    for (const [operation, systemCode] of [
      ["list", "EACCES"],
      ["makeDirectory", "EROFS"],
      ["createFile", "EACCES"],
    ]) {
      const fileSystem = failingFileSystem((name) => (name === operation ? systemCode : undefined));
      const path = join(directory.path, `${operation}-data`);
      await expect(openDataDirectory(path, { fileSystem })).rejects.toMatchObject({
        code: "StoreForbidden",
        details: { directory: path },
        message: expect.stringContaining(path),
      });
    }
  });

  test("on a full disk says so", async () => {
    const fileSystem = failingFileSystem((name) => (name === "createFile" ? "ENOSPC" : undefined));
    await expect(openDataDirectory(join(directory.path, "data"), { fileSystem })).rejects.toMatchObject({
      code: "StoreFull",
    });
  });
});

describe("a damaged SQLite file", () => {
  const path = () => join(directory.path, "items.db");

  async function fill(): Promise<void> {
    const store = await SqliteItemStore.open(path());
    for (let at = 0; at < 40; at++) {
      await store.update({ pk: "p", sk: `k${at}` }, [set(["bytes"], new Uint8Array(9000))], [], testCall);
    }
    await store.close();
  }

  test("that is no database is refused by name", async () => {
    await writeFile(path(), "this is not a database, whatever its name says".repeat(500));
    await expect(SqliteItemStore.open(path())).rejects.toMatchObject({
      code: "StoreFormat",
      details: { file: path() },
    });
  });

  test("with a garbled page fails reads with its name, and nothing hangs", async () => {
    await fill();
    const bytes = await readFile(path());
    await writeFile(path(), bytes.fill(0xab, 16_384));
    const reading = async () => {
      const store = await SqliteItemStore.open(path());
      try {
        return await store.query({ pk: "p" }, testCall);
      } finally {
        await store.close();
      }
    };
    await expect(reading()).rejects.toMatchObject({
      code: "StoreUnavailable",
      details: { file: path(), damagedDatabase: true },
    });
  });

  test("with a garbled item fails that item's operations alone", async () => {
    await fill();
    const database = new DatabaseSync(path());
    database.prepare("UPDATE items SET value = ? WHERE sk = 'k7'").run(new Uint8Array([1, 255, 255]));
    database.close();
    const store = await SqliteItemStore.open(path());
    const update = (sk: string) => store.update({ pk: "p", sk }, [set(["n"], 1)], [], testCall);
    const settled = await Promise.allSettled(["k6", "k7", "k8"].map(update));
    expect(settled.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(store.get({ pk: "p", sk: "k7" }, testCall)).rejects.toMatchObject({
      code: "CorruptItem",
      message: expect.stringContaining(path()),
    });
    await store.close();
  });

  test("of another application, or a newer schema, is left alone", async () => {
    const database = new DatabaseSync(path());
    database.exec("CREATE TABLE theirs (a)");
    database.close();
    await expect(SqliteItemStore.open(path())).rejects.toMatchObject({
      code: "StoreFormat",
      details: { file: path() },
    });
  });

  test("that is full, read-only or locked is told apart by SQLite's own codes", () => {
    const failureOf = (work: () => void): unknown => {
      try {
        work();
      } catch (error) {
        return storeErrorOf(error, path());
      }
      throw new Error("it did not fail");
    };
    const database = new DatabaseSync(path());
    database.exec("CREATE TABLE t (a); PRAGMA max_page_count = 2");
    const fillUp = () => database.prepare("INSERT INTO t VALUES (?)").run(new Uint8Array(100_000));
    expect(failureOf(fillUp)).toMatchObject({ code: "StoreFull", effect: "none", details: { file: path() } });
    database.exec("BEGIN EXCLUSIVE");
    const other = new DatabaseSync(path(), { timeout: 0 });
    expect(failureOf(() => other.exec("INSERT INTO t VALUES (1)"))).toMatchObject({ code: "StoreLocked" });
    other.close();
    database.exec("ROLLBACK; PRAGMA query_only = 1");
    expect(failureOf(() => database.exec("INSERT INTO t VALUES (1)"))).toMatchObject({ code: "StoreForbidden" });
    database.close();
  });
});
