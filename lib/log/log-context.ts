import type { BrokerId, TopicId } from "../base/ids.ts";
import type { Runtime } from "../base/runtime.ts";
import type { ItemStore } from "../storage/item-store.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { DamageMemory } from "./damage-memory.ts";
import type { LogSettings } from "./log-settings.ts";
import type { ByteCache } from "./read/byte-cache.ts";
import type { IndexCache } from "./read/index-cache.ts";
import type { StagedOwners } from "./staged-owners.ts";
import type { StampClock } from "./stamp-clock.ts";

/** What every part of the engine works with. The stores retry what is safe and keep deadlines. */
export interface LogContext {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly runtime: Runtime;
  readonly settings: LogSettings;
  readonly brokerId: BrokerId;
  readonly stamps: StampClock;
  readonly cache: ByteCache;
  readonly indexCache: IndexCache;
  readonly stagedOwners: StagedOwners;
  /** What this broker has found damaged, and leaves alone for a while. */
  readonly damage: DamageMemory;
}

export interface PartitionRef {
  readonly topicId: TopicId;
  readonly partition: number;
}

export function partitionName(ref: PartitionRef): string {
  return `${ref.topicId}/${ref.partition}`;
}
