import type { TopicId } from "../base/ids.ts";
import { stagedOwnersMax } from "../base/limits.ts";

interface Owner {
  readonly topicId: TopicId;
  readonly partition: number;
}

/**
 * The partitions that this broker's own staged objects name, by key: its collector need not pay for reading their
 * headers. Objects are never written twice under one name, so what is remembered stays right.
 */
export class StagedOwners {
  readonly #owners = new Map<string, readonly Owner[]>();
  #partitions = 0;

  remember(objectKey: string, owners: readonly Owner[]): void {
    this.#owners.set(objectKey, owners);
    this.#partitions += owners.length;
    for (const oldest of this.#owners.keys()) {
      if (this.#partitions <= stagedOwnersMax) break;
      this.forget(oldest);
    }
  }

  ownersOf(objectKey: string): readonly Owner[] | undefined {
    return this.#owners.get(objectKey);
  }

  /** The object is gone. */
  forget(objectKey: string): void {
    this.#partitions -= this.#owners.get(objectKey)?.length ?? 0;
    this.#owners.delete(objectKey);
  }
}
