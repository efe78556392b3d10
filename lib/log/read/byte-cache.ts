import { isLogError } from "../../base/errors.ts";

/**
 * Bytes of immutable objects and staged items by name, the least recently used going first. Concurrent
 * loads of one name are one load. What it holds is a copy of what the stores hold: losing it costs time only.
 */
export class ByteCache {
  readonly #bytesMax: number;
  readonly #kept = new Map<string, Uint8Array>();
  readonly #loading = new Map<string, Promise<Uint8Array | undefined>>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The bytes if they are kept. */
  peek(name: string): Uint8Array | undefined {
    const bytes = this.#kept.get(name);
    if (bytes === undefined) return undefined;
    this.#kept.delete(name);
    this.#kept.set(name, bytes);
    return bytes;
  }

  keep(name: string, bytes: Uint8Array): void {
    if (bytes.byteLength > this.#bytesMax / 2) return;
    this.drop(name);
    this.#kept.set(name, bytes);
    this.#bytes += bytes.byteLength;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.drop(oldest);
    }
  }

  drop(name: string): void {
    const bytes = this.#kept.get(name);
    if (bytes === undefined) return;
    this.#kept.delete(name);
    this.#bytes -= bytes.byteLength;
  }

  /** Kept bytes, or those that `load` finds; what is absent (undefined) is not kept. */
  get(name: string, load: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    const kept = this.peek(name);
    if (kept !== undefined) return Promise.resolve(kept);
    const loading = this.#loading.get(name);
    if (loading !== undefined) {
      return loading.catch((error: unknown) => {
        // The time of whoever loaded it was over, not necessarily ours.
        if (isLogError(error, "RequestTimedOut")) return this.get(name, load);
        throw error;
      });
    }
    const started = load()
      .then((bytes) => {
        if (bytes !== undefined) this.keep(name, bytes);
        return bytes;
      })
      .finally(() => this.#loading.delete(name));
    this.#loading.set(name, started);
    return started;
  }
}
