import type { Call } from "../../base/call.ts";
import { composingOf } from "../../storage/composing.ts";
import type { ByteRange, ObjectCapabilities, ObjectPage, ObjectStore, PutOutcome } from "../../storage/object-store.ts";
import { mayRepeatAlways, mayRepeatWithoutEffect, type RetryOptions, retry } from "./retry-policy.ts";

/**
 * Repeats what failed in passing. A put of a name that is used once stores the same bytes however often it
 * is done; a conditional put is repeated only when nothing can have happened, since it could not tell its own
 * first try from another's object.
 */
export class RetryingObjectStore implements ObjectStore {
  readonly capabilities: ObjectCapabilities;
  readonly compose?: Required<ObjectStore>["compose"];
  readonly readUrl?: Required<ObjectStore>["readUrl"];
  readonly #store: ObjectStore;
  readonly #options: RetryOptions;

  constructor(store: ObjectStore, options: RetryOptions) {
    this.capabilities = store.capabilities;
    this.#store = store;
    this.#options = options;
    const { compose, readUrl } = composingOf(store);
    if (compose !== undefined) {
      this.compose = (key, parts, call) => retry(options, call, mayRepeatAlways, () => compose(key, parts, call));
    }
    if (readUrl !== undefined) {
      this.readUrl = (key, call, readOptions) =>
        retry(options, call, mayRepeatAlways, () => readUrl(key, call, readOptions));
    }
  }

  put(key: string, parts: readonly Uint8Array[], call: Call, options?: { ifAbsent?: boolean }): Promise<PutOutcome> {
    const mayRepeat = options?.ifAbsent ? mayRepeatWithoutEffect : mayRepeatAlways;
    return retry(this.#options, call, mayRepeat, () => this.#store.put(key, parts, call, options));
  }

  get(key: string, call: Call, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined> {
    // Just the first try: its answer may still land there after a second one's has been used.
    let memory = into;
    return retry(this.#options, call, mayRepeatAlways, () => {
      const given = memory;
      memory = undefined;
      return this.#store.get(key, call, range, given);
    });
  }

  list(prefix: string, call: Call, options?: { startAfter?: string; limit?: number }): Promise<ObjectPage> {
    return retry(this.#options, call, mayRepeatAlways, () => this.#store.list(prefix, call, options));
  }

  /** Names are never used again, so a late first try deletes nothing that a second would not. */
  delete(keys: readonly string[], call: Call): Promise<{ readonly failed: readonly string[] }> {
    return retry(this.#options, call, mayRepeatAlways, () => this.#store.delete(keys, call));
  }
}
