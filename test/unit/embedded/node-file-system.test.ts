import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NodeFileSystem } from "../../../lib/adapters/embedded/node-file-system.ts";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

describe("node file system", () => {
  let directory: { path: string; remove: () => Promise<void> };
  const files = new NodeFileSystem();
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await files.close();
    await directory.remove();
  });

  async function write(name: string, parts: Uint8Array[]): Promise<string> {
    const path = join(directory.path, name);
    const file = await files.createFile(path);
    await file.write(parts);
    await file.sync();
    await file.close();
    return path;
  }

  test("a file is written in order, part after part, empty ones included", async () => {
    const parts = [
      utf8("a"),
      utf8(""),
      new Uint8Array(100_000).fill(3),
      ...Array.from({ length: 2000 }, (_, at) => utf8(`${at},`)),
    ];
    expect(await files.readFile(await write("f", parts))).toEqual(concatBytes(parts));
  });

  test("what is not there is told without an error", async () => {
    const missing = join(directory.path, "missing");
    expect(await files.readFile(missing)).toBeUndefined();
    expect(await files.fileBytes(missing)).toBeUndefined();
    expect(await files.list(missing)).toBeUndefined();
    expect(await files.unlink(missing)).toBe(false);
  });

  test("a new file never replaces one, and a link never takes a name", async () => {
    const a = await write("a", [utf8("a")]);
    const b = await write("b", [utf8("b")]);
    await expect(files.createFile(a)).rejects.toMatchObject({ code: "EEXIST" });
    expect(await files.link(a, b)).toBe(false);
    expect(await files.readFile(b)).toEqual(utf8("b"));
    expect(await files.makeDirectory(join(directory.path, "d"))).toBe(true);
    expect(await files.makeDirectory(join(directory.path, "d"))).toBe(false);
  });

  test("hundreds of directories can be synced at once", async () => {
    const paths = Array.from({ length: 300 }, (_, at) => join(directory.path, `d${at}`));
    for (const path of paths) await files.makeDirectory(path);
    await Promise.all([...paths, ...paths].map((path) => files.syncDirectory(path)));
  });
});
