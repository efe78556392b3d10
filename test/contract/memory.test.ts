import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { objectStoreSuite } from "./object-store-suite.ts";

const close = async () => undefined;
const traits = { persistent: false };

objectStoreSuite("memory", async () => ({ store: new MemoryObjectStore(), close }), traits);
itemStoreSuite("memory", async () => ({ store: new MemoryItemStore(), close }), traits);
