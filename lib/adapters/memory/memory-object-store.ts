import { byteLengthOf } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { LogError } from "../../base/errors.ts";
import {
  checkCompose,
  checkDelete,
  checkList,
  checkObjectKey,
  checkRange,
  objectsPerRequestMax,
} from "../../storage/check-object-request.ts";
import type {
  ByteRange,
  ComposePart,
  ListedObject,
  ObjectCapabilities,
  ObjectPage,
  ObjectStore,
  PutOutcome,
} from "../../storage/object-store.ts";
import { SortedMap } from "./sorted-map.ts";

/**
 * Objects in this process's memory, lost with it. Takes effect at once when called, and answers through
 * microtasks alone. Bodies are copied both ways, so that no caller can change what is stored.
 */
export class MemoryObjectStore implements ObjectStore {
  readonly capabilities: ObjectCapabilities;
  readonly compose?: Required<ObjectStore>["compose"];
  readonly #objects = new SortedMap<Uint8Array>();

  /** With `composePartBytesMin` it composes objects as S3 does: all parts but the last have at least so many bytes. */
  constructor(options: { readonly composePartBytesMin?: number } = {}) {
    const { composePartBytesMin: partBytesMin } = options;
    this.capabilities = { compose: partBytesMin === undefined ? undefined : { partBytesMin }, readUrl: false };
    if (partBytesMin !== undefined) this.compose = async (key, parts) => this.#compose(key, parts, partBytesMin);
  }

  async put(
    key: string,
    parts: readonly Uint8Array[],
    _call: Call,
    options: { ifAbsent?: boolean } = {},
  ): Promise<PutOutcome> {
    checkObjectKey(key);
    if (options.ifAbsent && this.#objects.has(key)) return "exists";
    this.#objects.set(key, copyOf(parts));
    return "stored";
  }

  async get(key: string, _call: Call, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkObjectKey(key);
    checkRange(range);
    return this.#objects.get(key)?.slice(range?.start, range?.end);
  }

  async list(prefix: string, _call: Call, options: { startAfter?: string; limit?: number } = {}): Promise<ObjectPage> {
    const limit = options.limit ?? objectsPerRequestMax;
    checkList(prefix, limit);
    const objects: ListedObject[] = [];
    for (let at = this.#firstPosition(prefix, options.startAfter); ; at++) {
      const key = this.#objects.keyAt(at);
      if (key === undefined || !key.startsWith(prefix)) return { objects, more: false };
      if (objects.length === limit) return { objects, more: true };
      objects.push({ key, bytes: this.#objects.get(key)?.byteLength ?? 0 });
    }
  }

  async delete(keys: readonly string[], _call: Call): Promise<{ readonly failed: readonly string[] }> {
    checkDelete(keys);
    for (const key of keys) this.#objects.delete(key);
    return { failed: [] };
  }

  #compose(key: string, parts: readonly ComposePart[], partBytesMin: number): void {
    checkCompose(key, parts, partBytesMin);
    const ranges = parts.map((part) => {
      const bytes = this.#objects.get(part.key)?.subarray(part.range.start, part.range.end);
      if (bytes?.byteLength === part.range.end - part.range.start) return bytes;
      throw new LogError("CorruptObject", `${part.key} is missing or shorter than the range to be copied`, {
        details: { ...part },
      });
    });
    this.#objects.set(key, copyOf(ranges));
  }

  #firstPosition(prefix: string, startAfter: string | undefined): number {
    const atPrefix = this.#objects.position(prefix);
    if (startAfter === undefined) return atPrefix;
    const after = this.#objects.position(startAfter) + (this.#objects.has(startAfter) ? 1 : 0);
    return Math.max(atPrefix, after);
  }
}

function copyOf(parts: readonly Uint8Array[]): Uint8Array {
  const copy = new Uint8Array(byteLengthOf(parts));
  let at = 0;
  for (const part of parts) {
    copy.set(part, at);
    at += part.byteLength;
  }
  return copy;
}
