import { type Call, callWithin } from "../../base/call.ts";
import { LogError } from "../../base/errors.ts";
import { storeCallMsMax } from "../../base/limits.ts";
import type { Runtime } from "../../base/runtime.ts";
import { equal, type TransactPart } from "../../storage/item-change.ts";
import { restoreKey } from "../../storage/item-keys.ts";
import type { ItemStore } from "../../storage/item-store.ts";
import { RESTORE } from "../../storage/items/restore.ts";
import type { ListedObject, ObjectStore } from "../../storage/object-store.ts";
import type { RestoreProgress, Unplaced } from "./restore-report.ts";

export interface RestoreOptions {
  readonly runtime: Runtime;
  /** Appends what is staged and in no segment: it may include sends that were never acknowledged. */
  readonly appendStaged?: boolean | undefined;
  /** Stops at the next object; run again, the restore goes on. */
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: RestoreProgress): void;
}

/** Thrown within a restore that was asked to stop. */
export class RestoreStopped extends Error {
  override readonly name = "RestoreStopped";
}

/** One restore under way: where it reads and writes, and what it could not place. */
export class RestoreRun {
  readonly objects: Pick<ObjectStore, "get" | "list" | "put">;
  readonly items: ItemStore;
  readonly options: RestoreOptions;
  readonly incarnation: string;
  readonly generation: number;
  readonly unplaced: Unplaced[] = [];
  /** The largest in any batch that was read; -1 without. */
  newestProducerId = -1;
  bytes = 0;

  constructor(
    stores: { readonly objects: Pick<ObjectStore, "get" | "list" | "put">; readonly items: ItemStore },
    options: RestoreOptions,
    identity: { readonly incarnation: string; readonly generation: number },
  ) {
    this.objects = stores.objects;
    this.items = stores.items;
    this.options = options;
    this.incarnation = identity.incarnation;
    this.generation = identity.generation;
  }

  /** For one store operation. */
  readonly newCall = (): Call => callWithin(this.options.runtime.clock, storeCallMsMax);

  /** A transaction of this restore: none takes effect once it is finished, or another has begun. */
  async commit(parts: readonly TransactPart[]): Promise<void> {
    const underWay = equal(RESTORE.incarnation, this.incarnation);
    const check: TransactPart = { kind: "check", key: restoreKey, conditions: [underWay] };
    const outcome = await this.items.transact([check, ...parts], this.newCall());
    if (outcome.ok) return;
    throw new LogError(
      "StoreConflict",
      "another restore is at work on the same item store: run it again when it is done",
    );
  }

  checkStopped(): void {
    if (this.options.signal?.aborted) throw new RestoreStopped();
  }

  leave(objectKey: string, why: string): void {
    this.unplaced.push({ objectKey, why });
  }

  async *objectsUnder(prefix: string, from = ""): AsyncGenerator<ListedObject> {
    let startAfter = from;
    for (let more = true; more; ) {
      const page = await this.objects.list(prefix, this.newCall(), startAfter === "" ? {} : { startAfter });
      yield* page.objects;
      startAfter = page.objects.at(-1)?.key ?? "";
      more = page.more && startAfter !== "";
    }
  }
}
