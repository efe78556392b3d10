import { isLogError } from "../../base/errors.ts";
import { ByteSpan } from "./byte-span.ts";

/** How much larger than what is kept of it the memory may be that this keeps alive. */
const VIEWED_FACTOR_MAX = 1.5;

/** What belongs together under a name, in pieces. */
export interface NamedPieces {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
}

/**
 * Bytes of immutable objects and staged items by name, the least recently used going first. Concurrent
 * loads of one name are one load. What it holds is a copy of what the stores hold: losing it costs time only.
 * It counts the memory that its views keep alive, whatever share of it they show.
 */
export class ByteCache {
  readonly #bytesMax: number;
  readonly #kept = new Map<string, ByteSpan>();
  /** How many pieces look into each of the buffers. */
  readonly #views = new Map<ArrayBufferLike, number>();
  readonly #loading = new Map<string, Promise<ByteSpan | undefined>>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** How many loads are under way. */
  get loads(): number {
    return this.#loading.size;
  }

  /** The bytes if they are kept. */
  peek(name: string): ByteSpan | undefined {
    const span = this.#kept.get(name);
    if (span === undefined) return undefined;
    this.#kept.delete(name);
    this.#kept.set(name, span);
    return span;
  }

  /**
   * Keeps the bytes as they are where all that came together needs most of the memory that it lies in; a piece that
   * would keep much else alive is copied.
   */
  keep(...together: readonly NamedPieces[]): void {
    const needed = new Map<ArrayBufferLike, number>();
    for (const piece of together.flatMap(({ pieces }) => pieces)) {
      needed.set(piece.buffer, (needed.get(piece.buffer) ?? 0) + piece.byteLength);
    }
    const owned = (piece: Uint8Array): Uint8Array => {
      const isSmallShare = piece.buffer.byteLength > (needed.get(piece.buffer) ?? 0) * VIEWED_FACTOR_MAX;
      return isSmallShare ? new Uint8Array(piece) : piece;
    };
    for (const { name, pieces } of together) this.#keepSpan(name, new ByteSpan(pieces.map(owned)));
  }

  #keepSpan(name: string, span: ByteSpan): void {
    if (span.byteLength > this.#bytesMax / 2) return;
    this.drop(name);
    this.#kept.set(name, span);
    for (const { buffer } of span.pieces) {
      const views = this.#views.get(buffer) ?? 0;
      if (views === 0) this.#bytes += buffer.byteLength;
      this.#views.set(buffer, views + 1);
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.drop(oldest);
    }
  }

  drop(name: string): void {
    const span = this.#kept.get(name);
    if (span === undefined) return;
    this.#kept.delete(name);
    for (const { buffer } of span.pieces) {
      const views = this.#views.get(buffer) ?? 0;
      if (views > 1) {
        this.#views.set(buffer, views - 1);
        continue;
      }
      this.#views.delete(buffer);
      this.#bytes -= buffer.byteLength;
    }
  }

  /**
   * Kept bytes, or those that `load` finds; what is absent (undefined) is not kept, nor what is `once`: read by
   * somebody who will not come again, and not at the cost of what others will.
   */
  get(
    name: string,
    load: () => Promise<Uint8Array | undefined>,
    use: "again" | "once" = "again",
  ): Promise<ByteSpan | undefined> {
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
        if (bytes === undefined) return undefined;
        if (use === "again") this.keep({ name, pieces: [bytes] });
        return new ByteSpan([bytes]);
      })
      .finally(() => this.#loading.delete(name));
    this.#loading.set(name, started);
    return started;
  }
}
