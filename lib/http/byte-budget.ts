import { LogError } from "../base/errors.ts";

const RETRY_AFTER_MS = 1000;

/** Bytes that all requests under way may hold together. */
export class ByteBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One request's part of the budget. */
  open(): ByteShare {
    return new ByteShare((bytes) => this.#take(bytes));
  }

  #take(bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax) {
      const details = { bytesUnderWay: this.#bytes, bytesMax: this.#bytesMax };
      const message = "the server has as many request bytes under way as it takes on";
      throw new LogError("Overloaded", message, { details, retryAfterMs: RETRY_AFTER_MS });
    }
    this.#bytes += bytes;
  }
}

/** What one request holds; gives it back once, whatever happens to the request. */
export class ByteShare {
  readonly #take: (bytes: number) => void;
  #held = 0;

  constructor(take: (bytes: number) => void) {
    this.#take = take;
  }

  /** Throws `Overloaded` when there is no room; what is held stays held. */
  take(bytes: number): void {
    this.#take(bytes);
    this.#held += bytes;
  }

  release(): void {
    this.#take(-this.#held);
    this.#held = 0;
  }
}
