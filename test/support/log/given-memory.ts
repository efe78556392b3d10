import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import type { Call } from "../../../lib/base/call.ts";
import type { ByteRange } from "../../../lib/storage/object-store.ts";

/** Reads into the memory that it is given, but for the get of that number, whose answer another try has brought. */
export class GivenMemory extends MemoryObjectStore {
  override readonly capabilities = { compose: undefined, readUrl: false, readsInto: true };
  readonly given: (Uint8Array | undefined)[] = [];
  readonly #elsewhere: number | undefined;

  constructor(elsewhere?: number) {
    super();
    this.#elsewhere = elsewhere;
  }

  override async get(key: string, call: Call, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined> {
    const bytes = await super.get(key, call, range);
    this.given.push(into);
    if (bytes === undefined || into === undefined || this.given.length === this.#elsewhere) return bytes;
    into.set(bytes);
    return into.subarray(0, bytes.byteLength);
  }
}
