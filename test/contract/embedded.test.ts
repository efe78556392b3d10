import { openDataDirectory } from "../../lib/adapters/embedded/data-directory.ts";
import { InlineItemTable } from "../../lib/adapters/embedded/inline-item-table.ts";
import { SqliteItemStore } from "../../lib/adapters/embedded/sqlite-item-store.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { objectStoreSuite } from "./object-store-suite.ts";

async function openDirectory() {
  const directory = await temporaryDirectory();
  let opened = await openDataDirectory(directory.path);
  const reopen = async () => {
    await opened.close();
    opened = await openDataDirectory(directory.path);
    return opened;
  };
  const close = async () => {
    await opened.close();
    await directory.remove();
  };
  return { opened, reopen, close };
}

async function openInline(cacheBytesMax: number) {
  const directory = await temporaryDirectory();
  const start = () => new SqliteItemStore(new InlineItemTable(`${directory.path}/items.db`), { cacheBytesMax });
  let store = start();
  const reopen = async () => {
    await store.close();
    store = start();
    return store;
  };
  const close = async () => {
    await store.close();
    await directory.remove();
  };
  return { store, reopen, close };
}

const traits = { persistent: true };

objectStoreSuite(
  "directory",
  async () => {
    const { opened, reopen, close } = await openDirectory();
    return { store: opened.objects, reopen: async () => (await reopen()).objects, close };
  },
  traits,
);

itemStoreSuite(
  "SQLite",
  async () => {
    const { opened, reopen, close } = await openDirectory();
    return { store: opened.items, reopen: async () => (await reopen()).items, close };
  },
  traits,
);

itemStoreSuite("SQLite on the caller's thread, without a cache", () => openInline(0), traits);
itemStoreSuite("SQLite on the caller's thread, with a cache of a few items", () => openInline(2000), traits);
