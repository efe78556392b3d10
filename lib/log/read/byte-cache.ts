import { isLogError } from "../../base/errors.ts";

/** How much larger than a kept view the memory may be that it keeps alive. */
const VIEWED_FACTOR_MAX = 1.5;

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

  /** Keeps the bytes; a copy of them when they are a small view, which would keep all that it looks into alive. */
  keep(name: string, bytes: Uint8Array): void {
    if (bytes.byteLength > this.#bytesMax / 2) return;
    this.drop(name);
    const isSmallView = bytes.buffer.byteLength > bytes.byteLength * VIEWED_FACTOR_MAX;
    this.#kept.set(name, isSmallView ? new Uint8Array(bytes) : bytes);
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

  /**
   * Kept bytes, or those that `load` finds; what is absent (undefined) is not kept, nor what is `once`: read by
   * somebody who will not come again, and not at the cost of what others will.
   */
  get(
    name: string,
    load: () => Promise<Uint8Array | undefined>,
    use: "again" | "once" = "again",
  ): Promise<Uint8Array | undefined> {
    const kept = this.peek(name);
    if (kept !== undefined) return Promise.resolve(kept);
    const loading = this.#loading.get(name);
    if (loading !== undefined) {
      return loading.catch((error: unknown) => {
        // The time of whoever loaded it was over, not necessarily ours.
        if (isLogError(error, "RequestTimedOut")) return this.get(name, load, use);
        throw error;
      });
    }
    const started = load()
      .then((bytes) => {
        if (bytes !== undefined && use === "again") this.keep(name, bytes);
        return bytes;
      })
      .finally(() => this.#loading.delete(name));
    this.#loading.set(name, started);
    return started;
  }
}
