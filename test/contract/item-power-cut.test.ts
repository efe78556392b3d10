import { copyFile, open, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InlineItemTable } from "../../lib/adapters/embedded/inline-item-table.ts";
import { SqliteItemStore } from "../../lib/adapters/embedded/sqlite-item-store.ts";
import { add, set } from "../../lib/storage/item-change.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { Below } from "../support/power-cut-file-system.ts";
import { seededBelow } from "../support/seeded-below.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testCall } from "../support/test-call.ts";

const SEEDS = 25;
const counterKey = { pk: "counter", sk: "all" };

/** One group: each member adds 1 to the common counter and writes its own item, in one transaction. */
async function commitGroup(store: ItemStore, first: number, size: number): Promise<void> {
  await Promise.all(
    Array.from({ length: size }, (_, at) =>
      store.transact(
        [
          { kind: "update", key: counterKey, changes: [add(["n"], 1)], conditions: [] },
          {
            kind: "update",
            key: { pk: "member", sk: String(first + at).padStart(6, "0") },
            changes: [set(["n"], first + at), set(["bytes"], new Uint8Array(100 + ((first * 37) % 900)))],
            conditions: [],
          },
        ],
        testCall,
      ),
    ),
  );
}

/** Cuts a file short behind `safe`, and garbles some of what is left behind it. */
async function tear(path: string, safe: number, below: Below): Promise<void> {
  const { size } = await stat(path);
  const kept = safe + below(size - safe + 1);
  await truncate(path, kept);
  if (kept === safe || below(2) === 0) return;
  const at = safe + below(kept - safe);
  const file = await open(path, "r+");
  await file.write(
    Uint8Array.from({ length: Math.min(64, kept - at) }, () => below(256)),
    0,
    undefined,
    at,
  );
  await file.close();
}

describe("items and power cuts", () => {
  /*
   * Simulated: the power goes while SQLite's log has bytes behind the last sync that was acknowledged; of those
   * any part may be missing or garbled. The log is copied with such a tail, and opened as after a restart.
   * Not simulated: a disk that loses what it said was synced, and a cut during a checkpoint, when SQLite
   * rewrites the database from a log that is already safe. The runs stay below the size that checkpoints.
   */
  test("acknowledged writes survive a torn log, and each group is there whole or not at all", async () => {
    let lostGroups = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const below = seededBelow(seed);
      const directory = await temporaryDirectory();
      const path = join(directory.path, "items.db");
      const store = new SqliteItemStore(new InlineItemTable(path));
      const ends = [0];
      const group = async (): Promise<void> => {
        const size = 1 + below(8);
        const first = ends.at(-1) ?? 0;
        await commitGroup(store, first, size);
        ends.push(first + size);
      };
      for (let count = 2 + below(5); count > 0; count--) await group();
      const acknowledged = ends.at(-1) ?? 0;
      const safe = (await stat(`${path}-wal`)).size;
      // These stand for what was on its way when the power went.
      for (let count = 1 + below(5); count > 0; count--) await group();

      const torn = join(directory.path, "torn.db");
      await copyFile(path, torn);
      await copyFile(`${path}-wal`, `${torn}-wal`);
      await tear(`${torn}-wal`, safe, below);
      await store.close();

      const restarted = new SqliteItemStore(new InlineItemTable(torn));
      const found = Number((await restarted.get(counterKey, testCall))?.n);
      const members = (await restarted.query({ pk: "member" }, testCall)).items.map(({ item }) => item.n);
      expect(found, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
      expect(ends, `seed ${seed}: a group is torn`).toContain(found);
      expect(members).toEqual(Array.from({ length: found }, (_, at) => at));
      if (found < (ends.at(-1) ?? 0)) lostGroups++;
      await restarted.close();
      await directory.remove();
    }
    expect(lostGroups, "some cuts must hit").toBeGreaterThan(SEEDS / 4);
  });
});
