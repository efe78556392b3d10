import { byteLengthOf } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { composingOf } from "../../storage/composing.ts";
import type { ByteRange, ObjectCapabilities, ObjectPage, ObjectStore, PutOutcome } from "../../storage/object-store.ts";
import type { Counted, StoreCounter } from "./store-counts.ts";

/** Beside one for each part: the beginning and the end of an upload in parts. */
const COMPOSE_FRAME_REQUESTS = 2;

/** Counts requests when they are made, and bytes when they have arrived. */
export class MeteredObjectStore implements ObjectStore {
  readonly capabilities: ObjectCapabilities;
  readonly compose?: Required<ObjectStore>["compose"];
  readonly readUrl?: Required<ObjectStore>["readUrl"];
  readonly #store: ObjectStore;
  readonly #counter: StoreCounter;

  constructor(store: ObjectStore, counter: StoreCounter) {
    this.capabilities = store.capabilities;
    this.#store = store;
    this.#counter = counter;
    const { compose, readUrl } = composingOf(store);
    if (compose !== undefined) {
      this.compose = (key, parts, call) => {
        this.#counter.add("objectPuts", COMPOSE_FRAME_REQUESTS + parts.length - 1);
        return this.#counted("objectPuts", () => compose(key, parts, call));
      };
    }
    // Signed in this process: no request.
    if (readUrl !== undefined) this.readUrl = readUrl;
  }

  put(key: string, parts: readonly Uint8Array[], call: Call, options?: { ifAbsent?: boolean }): Promise<PutOutcome> {
    this.#counter.add("objectBytesPut", byteLengthOf(parts));
    return this.#counted("objectPuts", () => this.#store.put(key, parts, call, options));
  }

  async get(key: string, call: Call, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined> {
    const bytes = await this.#counted("objectGets", () => this.#store.get(key, call, range, into));
    this.#counter.add("objectBytesRead", bytes?.byteLength ?? 0);
    return bytes;
  }

  list(prefix: string, call: Call, options?: { startAfter?: string; limit?: number }): Promise<ObjectPage> {
    return this.#counted("objectLists", () => this.#store.list(prefix, call, options));
  }

  delete(keys: readonly string[], call: Call): Promise<{ readonly failed: readonly string[] }> {
    return this.#counted("objectDeletes", () => this.#store.delete(keys, call));
  }

  async #counted<T>(name: Counted, operation: () => Promise<T>): Promise<T> {
    this.#counter.add(name);
    try {
      return await operation();
    } catch (error) {
      this.#counter.add("failures");
      throw error;
    }
  }
}
