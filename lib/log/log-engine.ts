import { newBrokerId } from "../base/ids.ts";
import type { Runtime } from "../base/runtime.ts";
import type { ItemStore } from "../storage/item-store.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { Appender } from "./append/appender.ts";
import { AppendSignal } from "./append-signal.ts";
import { DamageMemory } from "./damage-memory.ts";
import { type LogContext, partitionName } from "./log-context.ts";
import type { LogSettings } from "./log-settings.ts";
import { ProducerIds } from "./producer-ids.ts";
import { ByteCache } from "./read/byte-cache.ts";
import { IndexCache } from "./read/index-cache.ts";
import { Roller } from "./roll/roller.ts";
import { SegmentUpkeep } from "./segment-upkeep.ts";
import { StagedOwners } from "./staged-owners.ts";
import { StampClock } from "./stamp-clock.ts";
import { TopicCatalog } from "./topics/topic-catalog.ts";
import type { ConfigValues } from "./topics/topic-configs.ts";

const INDEX_CACHE_PARTITIONS = 10_000;
const DRAIN_MS = 10_000;

/** One broker instance over a pair of stores: everything it holds may be lost at any time. */
export interface LogEngine {
  readonly context: LogContext;
  readonly appender: Appender;
  readonly signal: AppendSignal;
  readonly catalog: TopicCatalog;
  readonly producerIds: ProducerIds;
  readonly roller: Roller;
  readonly upkeep: SegmentUpkeep;
  /** Lets what is under way finish, and stops the background work. */
  close(): Promise<void>;
}

export function createLogEngine(parts: {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly runtime: Runtime;
  readonly settings: LogSettings;
  /** The server's own defaults of topic configs. */
  readonly topicDefaults?: ConfigValues;
}): LogEngine {
  const context: LogContext = {
    ...parts,
    brokerId: newBrokerId(parts.runtime.random),
    stamps: new StampClock(parts.runtime.clock),
    cache: new ByteCache(parts.settings.cacheBytesMax),
    indexCache: new IndexCache(INDEX_CACHE_PARTITIONS),
    stagedOwners: new StagedOwners(),
    damage: new DamageMemory(parts.runtime.clock),
  };
  const signal = new AppendSignal();
  const roller = new Roller(context, parts.topicDefaults ?? {});
  const appender = new Appender(context, {
    appended: (ref, bytes) => {
      signal.appended(partitionName(ref));
      roller.touched(ref, bytes);
    },
    spilled: (ref) => roller.spilled(ref),
  });
  return {
    context,
    appender,
    signal,
    catalog: new TopicCatalog(context),
    producerIds: new ProducerIds(context),
    roller,
    upkeep: new SegmentUpkeep(context),
    async close() {
      await appender.drain(DRAIN_MS);
      await roller.close();
    },
  };
}
