import type { Call } from "../base/call.ts";

export interface ByteRange {
  /** First byte. */
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
}

export interface ObjectPage {
  /** In ascending order of the keys' UTF-8 bytes. */
  readonly objects: readonly ListedObject[];
  /** Whether more follow; ask again with `startAfter` the last key. */
  readonly more: boolean;
}

export interface ObjectCapabilities {
  /** The store concatenates ranges of objects by itself; all parts but the last are at least this large. */
  readonly compose: { readonly partBytesMin: number } | undefined;
  readonly readUrl: boolean;
  /** A get uses the memory that it is given. */
  readonly readsInto?: boolean;
}

/** A range of an existing object, as a part of a composed one. */
export interface ComposePart {
  readonly key: string;
  readonly range: ByteRange;
}

export type PutOutcome = "stored" | "exists";

/**
 * Objects by key: written whole, never changed. Read-after-write and list-after-write are strong. Keys are
 * parts joined by `/` (`check-object-request.ts`); no key may be another's with more parts behind it.
 *
 * Every operation fails with a `LogError`: `StoreThrottled`, `StoreConflict` (a concurrent conditional write;
 * nothing happened), `StoreUnavailable`, `StoreForbidden`, `StoreMissing`, `StoreFull`, `RequestTimedOut`. Its
 * `effect` says whether the operation may have happened. Nothing here retries: the wrapper does.
 */
export interface ObjectStore {
  readonly capabilities: ObjectCapabilities;

  /**
   * Durable when it resolves. The parts are stored one after another; they must not be changed until the
   * returned promise settles, nor ever after when it fails with effect `unknown`. With `ifAbsent`, an existing
   * object stays and the answer is `exists` (which may be the own first attempt, when a retry went before).
   */
  put(key: string, parts: readonly Uint8Array[], call: Call, options?: { ifAbsent?: boolean }): Promise<PutOutcome>;

  /**
   * The whole object, or the part of `range` that exists (empty when it starts at or past the end). Undefined
   * when there is no such object. What cannot be trusted (damage that the store noticed) fails with
   * `CorruptObject`. The bytes returned are never changed afterwards by anyone.
   *
   * A caller that reads much and keeps nothing of it gives memory, as large as its range, that the answer may be put
   * into: then it is a view of it. If it is not, or the get fails, the memory must not be used any more: a try that was
   * given up may still write there.
   */
  get(key: string, call: Call, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined>;

  /** Objects whose key starts with `prefix`, from the first key above `startAfter`, at most `limit` (1 to 1000). */
  list(prefix: string, call: Call, options?: { startAfter?: string; limit?: number }): Promise<ObjectPage>;

  /** Removes up to 1000 objects; absent ones count as removed. Answers with the keys that could not be. */
  delete(keys: readonly string[], call: Call): Promise<{ readonly failed: readonly string[] }>;

  /**
   * Puts an object out of ranges of others, copied by the store itself, one after another; replaces what stands
   * there. All ranges but the last have at least `capabilities.compose.partBytesMin` bytes. A source that is
   * missing or shorter than its range fails with `CorruptObject`, and nothing is put.
   */
  compose?(key: string, parts: readonly ComposePart[], call: Call): Promise<void>;

  /** An address at which anyone may read the object, without other credentials, for `expiresMs` from now. */
  readUrl?(key: string, call: Call, options: { readonly expiresMs: number }): Promise<string>;
}
