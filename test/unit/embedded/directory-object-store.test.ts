import { afterAll, beforeAll, expect, test } from "vitest";
import { DirectoryObjectStore } from "../../../lib/adapters/embedded/directory-object-store.ts";
import type { NewFile } from "../../../lib/adapters/embedded/file-system.ts";
import { NodeFileSystem } from "../../../lib/adapters/embedded/node-file-system.ts";
import { byteLengthOf, concatBytes } from "../../../lib/base/bytes.ts";
import { SeededRandom } from "../../simulation/seeded-random.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { testCall } from "../../support/test-call.ts";

const MIB = 1024 * 1024;

/** Notes how many bytes each sync of a new file had to write. */
class SyncNotingFileSystem extends NodeFileSystem {
  readonly synced: number[] = [];

  override async createFile(path: string): Promise<NewFile> {
    const file = await super.createFile(path);
    let unsynced = 0;
    return {
      write: async (parts) => {
        unsynced += byteLengthOf(parts);
        await file.write(parts);
      },
      sync: async () => {
        this.synced.push(unsynced);
        unsynced = 0;
        await file.sync();
      },
      close: () => file.close(),
    };
  }
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let files: SyncNotingFileSystem;
let store: DirectoryObjectStore;
beforeAll(async () => {
  directory = await temporaryDirectory();
  files = new SyncNotingFileSystem();
  store = await DirectoryObjectStore.open(files, directory.path);
});
afterAll(async () => {
  await files.close();
  await directory.remove();
});

/** Parts of any sizes, some of them empty. */
function partsOf(bytes: number): Uint8Array[] {
  const random = new SeededRandom(bytes);
  const whole = random.bytes(bytes);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes; ) {
    const end = Math.min(bytes, at + random.pick([0, 1, 70_000, 900_000]));
    parts.push(whole.subarray(at, end));
    at = end;
  }
  return parts;
}

test("an object that nobody waits for is synced bit by bit, so that no commit waits long for the disk, and is whole", async () => {
  const parts = partsOf(9 * MIB + 1);
  files.synced.length = 0;
  await store.put("large", parts, testCall);
  expect(Math.max(...files.synced)).toBeLessThanOrEqual(MIB);
  expect(files.synced.reduce((sum, bytes) => sum + bytes, 0)).toBe(9 * MIB + 1);
  const stored = await store.get("large", testCall);
  expect(Buffer.compare(stored ?? new Uint8Array(), concatBytes(parts))).toBe(0);
});

test("an object that a produce waits for is synced once, and so is an empty one", async () => {
  files.synced.length = 0;
  await store.put("staged", partsOf(8 * MIB), testCall);
  await store.put("empty", [], testCall);
  expect(files.synced).toEqual([8 * MIB, 0]);
  expect(await store.get("empty", testCall)).toEqual(new Uint8Array());
});
