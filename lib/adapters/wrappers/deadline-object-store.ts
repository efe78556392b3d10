import type { Call } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import { composingOf } from "../../storage/composing.ts";
import type { ByteRange, ObjectCapabilities, ObjectPage, ObjectStore, PutOutcome } from "../../storage/object-store.ts";
import { withinDeadline } from "./within-deadline.ts";

/** Answers every operation by its call's deadline, whatever the store does. */
export class DeadlineObjectStore implements ObjectStore {
  readonly capabilities: ObjectCapabilities;
  readonly compose?: Required<ObjectStore>["compose"];
  readonly readUrl?: Required<ObjectStore>["readUrl"];
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  constructor(store: ObjectStore, clock: Clock) {
    this.capabilities = store.capabilities;
    this.#store = store;
    this.#clock = clock;
    const { compose, readUrl } = composingOf(store);
    if (compose !== undefined) {
      this.compose = (key, parts, call) =>
        withinDeadline(clock, call, `compose of ${key}`, () => compose(key, parts, call));
    }
    if (readUrl !== undefined) {
      this.readUrl = (key, call, options) =>
        withinDeadline(clock, call, `address of ${key}`, () => readUrl(key, call, options));
    }
  }

  put(key: string, parts: readonly Uint8Array[], call: Call, options?: { ifAbsent?: boolean }): Promise<PutOutcome> {
    return withinDeadline(this.#clock, call, `put of ${key}`, () => this.#store.put(key, parts, call, options));
  }

  get(key: string, call: Call, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined> {
    return withinDeadline(this.#clock, call, `get of ${key}`, () => this.#store.get(key, call, range, into));
  }

  list(prefix: string, call: Call, options?: { startAfter?: string; limit?: number }): Promise<ObjectPage> {
    return withinDeadline(this.#clock, call, `list of ${prefix}`, () => this.#store.list(prefix, call, options));
  }

  delete(keys: readonly string[], call: Call): Promise<{ readonly failed: readonly string[] }> {
    return withinDeadline(this.#clock, call, "delete of objects", () => this.#store.delete(keys, call));
  }
}
