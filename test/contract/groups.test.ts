import { afterEach, describe } from "vitest";
import { openDataDirectory } from "../../lib/adapters/embedded/data-directory.ts";
import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { groupSuite } from "./group-suite.ts";

describe("a group in memory", () => {
  groupSuite(async () => ({ objects: new MemoryObjectStore(), items: new MemoryItemStore() }));
});

describe("a group in a directory", () => {
  let close = async (): Promise<void> => undefined;
  afterEach(() => close());

  groupSuite(async () => {
    const { path, remove } = await temporaryDirectory();
    const directory = await openDataDirectory(path);
    close = () => directory.close().then(remove);
    return directory;
  });
});
