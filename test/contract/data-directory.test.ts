import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DataDirectory, openDataDirectory } from "../../lib/adapters/embedded/data-directory.ts";
import { dataFormatVersion } from "../../lib/adapters/embedded/data-format.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { set } from "../../lib/storage/item-change.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testCall } from "../support/test-call.ts";

const holder = fileURLToPath(new URL("../support/hold-data-directory.ts", import.meta.url));
const key = { pk: "log", sk: "head" };

describe("data directory", () => {
  let directory: { path: string; remove: () => Promise<void> };
  let path: string;
  const opened: DataDirectory[] = [];
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, "deep", "data");
  });
  afterEach(async () => {
    for (const data of opened.splice(0)) await data.close();
    await directory.remove();
  });

  async function open(): Promise<DataDirectory> {
    const data = await openDataDirectory(path);
    opened.push(data);
    return data;
  }

  test("is made for its owner alone, with what is missing above it", async () => {
    const data = await open();
    expect(data).toMatchObject({ path, format: dataFormatVersion });
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await data.freeBytes()).toBeGreaterThan(0);
  });

  test("keeps objects and items over a clean close, which may be repeated", async () => {
    const data = await open();
    await data.objects.put("topics/a.log", [utf8("x")], testCall);
    await data.items.update(key, [set(["a"], 1)], [], testCall);
    await Promise.all([data.close(), data.close()]);
    await expect(data.items.get(key, testCall)).rejects.toMatchObject({ code: "Closed" });
    expect(await readdir(path)).not.toContain("items.db-wal");
    const again = await open();
    expect(await again.objects.get("topics/a.log", testCall)).toEqual(utf8("x"));
    expect(await again.items.get(key, testCall)).toEqual({ a: 1 });
  });

  test("is refused to a second owner in this process, to whom nothing happens", async () => {
    const data = await open();
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      code: "StoreLocked",
      message: `another Tidelog process uses ${path}`,
    });
    await data.items.update(key, [set(["a"], 1)], [], testCall);
  });

  test("is refused while another process holds it, and is free, with all that was there, once that is killed", async () => {
    await (await open()).close();
    const child: ChildProcess = spawn(process.execPath, [holder, path], { stdio: ["ignore", "pipe", "pipe"] });
    const noise: string[] = [];
    child.stderr?.on("data", (chunk: Buffer) => noise.push(chunk.toString()));
    if (child.stdout === null) throw new Error("no standard output");
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(line.toString()).toBe("open\n");
    await expect(openDataDirectory(path)).rejects.toMatchObject({ code: "StoreLocked" });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(noise.join(""), "SQLite must not make Node print warnings").toBe("");
    await open();
  });

  test("of a newer format is refused, saying what reads it, and is left as it is", async () => {
    await (await open()).close();
    const file = join(path, "format.json");
    const newer = JSON.stringify({ product: "tidelog", version: dataFormatVersion + 1, needsRelease: "7.8.9" });
    await writeFile(file, newer);
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      code: "StoreFormat",
      message: expect.stringContaining("use Tidelog 7.8.9 or newer"),
    });
    expect(await readFile(file, "utf8")).toBe(newer);
  });

  test("with a damaged format file is refused by the file's name", async () => {
    await mkdir(path, { recursive: true });
    for (const text of ["", "{", "[]", '{"version":1}', '{"product":"tidelog","version":-1,"needsRelease":"1"}']) {
      await writeFile(join(path, "format.json"), text);
      await expect(openDataDirectory(path)).rejects.toMatchObject({
        code: "StoreFormat",
        message: expect.stringContaining(join(path, "format.json")),
      });
    }
  });

  test("that is a file, or lies below one, is refused in its own words", async () => {
    const file = join(directory.path, "notes.txt");
    await writeFile(file, "do not touch");
    for (const place of [file, join(file, "data")]) {
      await expect(openDataDirectory(place)).rejects.toMatchObject({
        code: "StoreFormat",
        message: `${place} cannot be the data directory: it, or what is above it, is a file`,
        details: { directory: place },
      });
    }
    expect(await readFile(file, "utf8")).toBe("do not touch");
  });

  test("that holds something else is refused, and nothing is added to it", async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "thesis.txt"), "do not touch");
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      code: "StoreFormat",
      message: expect.stringContaining("thesis.txt"),
    });
    expect(await readdir(path)).toEqual(["thesis.txt"]);
  });

  test("whose making was cut short by a crash is made again", async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "format.json.tmp"), '{"prod');
    await open();
    expect(await readdir(path)).not.toContain("format.json.tmp");
  });
});
