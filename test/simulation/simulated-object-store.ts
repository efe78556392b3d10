import { byteLengthOf } from "../../lib/base/bytes.ts";
import type { Call } from "../../lib/base/call.ts";
import type { ByteRange, ComposePart, ObjectPage, ObjectStore, PutOutcome } from "../../lib/storage/object-store.ts";
import { BYTES_DELETED } from "./held-back.ts";
import type { StoreLine } from "./store-line.ts";

const OPEN_ENDED: Call = { deadlineMs: Number.POSITIVE_INFINITY };

/** The shared objects as one process sees them, through delays, faults and damaged answers. */
export class SimulatedObjectStore implements ObjectStore {
  readonly capabilities;
  readonly compose?: Required<ObjectStore>["compose"];
  readonly #line: StoreLine;
  readonly #truth: ObjectStore;

  constructor(line: StoreLine, truth: ObjectStore) {
    this.#line = line;
    this.#truth = truth;
    this.capabilities = { ...truth.capabilities, readsInto: true };
    const { compose } = truth;
    if (compose !== undefined) this.compose = (key, parts, call) => this.#compose(compose, key, parts, call);
  }

  put(
    key: string,
    parts: readonly Uint8Array[],
    call: Call,
    options: { ifAbsent?: boolean } = {},
  ): Promise<PutOutcome> {
    const operation = {
      name: "put",
      target: () => `${key} (${byteLengthOf(parts)} bytes)`,
      writes: true,
      leaves: key,
      mayConflict: options.ifAbsent === true,
      latencyMs: 30,
      perform: () => this.#truth.put(key, parts, OPEN_ENDED, options),
      summarize: (outcome: PutOutcome) => outcome,
    };
    return this.#line.run(operation, call);
  }

  get(key: string, call: Call, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined> {
    const { faults } = this.#line;
    const shifted = range !== undefined && faults.fires("objectWrongRange") ? this.#shifted(range) : range;
    const operation = {
      name: "get",
      target: () => (range === undefined ? key : `${key} [${range.start}, ${range.end})`),
      writes: false,
      mayConflict: false,
      latencyMs: 15,
      stalls: faults.fires("objectStalled"),
      // Also for an answer that comes too late: nobody may have gone on with the memory.
      perform: async () => landed(this.#damaged(await this.#truth.get(key, OPEN_ENDED, shifted)), into),
      summarize: (bytes: Uint8Array | undefined) => (bytes === undefined ? "none" : `${bytes.byteLength} bytes`),
    };
    return this.#line.run(operation, call);
  }

  list(prefix: string, call: Call, options: { startAfter?: string; limit?: number } = {}): Promise<ObjectPage> {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    const limit = options.limit ?? 1000;
    const asked =
      limit > 1 && faults.fires("partialPage") ? { ...options, limit: 1 + random.below(Math.min(limit, 4)) } : options;
    const operation = {
      name: "list",
      target: () => `${prefix}* after ${options.startAfter ?? ""}`,
      writes: false,
      mayConflict: false,
      latencyMs: 40,
      perform: () => this.#truth.list(prefix, OPEN_ENDED, asked),
      summarize: (page: ObjectPage) => `${page.objects.length} objects${page.more ? " and more" : ""}`,
    };
    return this.#line.run(operation, call);
  }

  delete(keys: readonly string[], call: Call): Promise<{ readonly failed: readonly string[] }> {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    const kept = keys.length > 0 && faults.fires("deleteFailed") ? keys.slice(random.below(keys.length)) : [];
    const removed = keys.slice(0, keys.length - kept.length);
    const operation = {
      name: "delete",
      target: () => keys.join(" "),
      writes: true,
      changes: { names: [BYTES_DELETED, ...removed], place: "objects", replaces: [] },
      mayConflict: false,
      latencyMs: 40,
      perform: async () => {
        const { failed } = await this.#truth.delete(removed, OPEN_ENDED);
        return { failed: [...failed, ...kept] };
      },
      summarize: (answer: { readonly failed: readonly string[] }) => `${answer.failed.length} failed`,
    };
    return this.#line.run(operation, call);
  }

  #compose(
    compose: Required<ObjectStore>["compose"],
    key: string,
    parts: readonly ComposePart[],
    call: Call,
  ): Promise<void> {
    const operation = {
      name: "compose",
      target: () => `${key} of ${parts.length} parts`,
      writes: true,
      leaves: key,
      mayConflict: false,
      latencyMs: 60,
      perform: () => compose(key, parts, OPEN_ENDED),
      summarize: () => "done",
    };
    return this.#line.run(operation, call);
  }

  #shifted(range: ByteRange): ByteRange {
    const by = 1 + this.#line.world.random.below(64);
    return { start: range.start + by, end: range.end + by };
  }

  #damaged(bytes: Uint8Array | undefined): Uint8Array | undefined {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    if (bytes === undefined || bytes.byteLength === 0) return bytes;
    if (faults.fires("objectMissing")) return undefined;
    if (faults.fires("objectTruncated")) return bytes.slice(0, random.below(bytes.byteLength));
    if (faults.fires("objectFlipped")) {
      const flipped = bytes.slice();
      const at = random.below(flipped.byteLength);
      flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
      return flipped;
    }
    return bytes;
  }
}

function landed(bytes: Uint8Array | undefined, into: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined || into === undefined || into.byteLength < bytes.byteLength) return bytes;
  into.set(bytes);
  return into.subarray(0, bytes.byteLength);
}
