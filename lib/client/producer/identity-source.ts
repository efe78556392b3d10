import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import type { Connection } from "../connection.ts";
import type { Backoff } from "../retry.ts";
import type { Identity } from "./queue-types.ts";

export interface IdentityListener {
  /** An id has arrived. */
  onIdentity(): void;
  /** There will be none. */
  onRefused(error: LogError): void;
  /** Whether an id is still of use. */
  isWanted(): boolean;
}

/** Gets a producer id when the first is needed, and another when the server no longer takes the old one. */
export class IdentitySource {
  readonly #connection: Connection;
  readonly #backoff: Backoff;
  readonly #listener: IdentityListener;
  #identity: Identity | undefined;
  #asking = false;

  constructor(connection: Connection, backoff: Backoff, listener: IdentityListener) {
    this.#connection = connection;
    this.#backoff = backoff;
    this.#listener = listener;
  }

  /** An identity with another id than the stale one; undefined while it is being asked for. */
  identity(staleProducerId: number | undefined): Identity | undefined {
    if (this.#identity !== undefined && this.#identity.producerId !== staleProducerId) return this.#identity;
    this.#identity = undefined;
    if (!this.#asking) {
      this.#asking = true;
      void this.#ask();
    }
    return undefined;
  }

  // A lost answer costs an id that nobody uses, so that asking again is free.
  async #ask(): Promise<void> {
    for (let attempts = 1; this.#listener.isWanted(); attempts++) {
      try {
        this.#identity = await this.#connection.request("initProducerId", (service, context) =>
          service.initProducerId(context, {}),
        );
        break;
      } catch (error) {
        if (!isLogError(error) || !error.retriable) {
          this.#asking = false;
          this.#listener.onRefused(identityError(error));
          return;
        }
        await this.#connection.runtime.clock.sleep(this.#backoff(attempts, error));
      }
    }
    this.#asking = false;
    if (this.#identity !== undefined) this.#listener.onIdentity();
  }
}

function identityError(error: unknown): LogError {
  if (isLogError(error)) return error;
  return new LogError("UnknownServerError", `no producer id: ${messageOf(error)}`, { cause: error });
}
