import type { ConfigValues } from "../api/topic-types.ts";
import type { Runtime } from "../base/runtime.ts";
import { packageVersion } from "../config/package-version.ts";
import { groupSettings } from "../groups/group-settings.ts";
import { embeddedLogSettings } from "../log/log-settings.ts";
import { type Broker, openBroker } from "../service/broker.ts";
import { type BrokerSettings, defaultBrokerSettings } from "../service/broker-settings.ts";
import type { LocalStores } from "./local-stores.ts";

/** The settings of a broker on this machine, as far as users decide on them. */
export interface LocalBrokerOptions {
  /** Whether the first publish to an unknown topic creates it. Default true. */
  readonly autoCreateTopics?: boolean | undefined;
  /** Partitions of a topic that is created without a number of them. Default 1. */
  readonly defaultPartitions?: number | undefined;
  /** Configs for topics that do not set them, by Kafka's names. */
  readonly topicDefaults?: ConfigValues | undefined;
  /** How long a produce may wait for others to be stored together with it, ms. Default 0. */
  readonly lingerMs?: number | undefined;
  /** Bytes of produced batches that wait to be stored, before further ones are refused as Overloaded. */
  readonly pendingBytesMax?: number | undefined;
  /** Bytes of stored objects that are kept in memory. */
  readonly cacheBytesMax?: number | undefined;
  /** How long a consumer group's member may be silent before others get its partitions. Default 45 s. */
  readonly groupSessionTimeoutMs?: number | undefined;
  /** How often members of consumer groups are told to heartbeat. Default 5 s. */
  readonly groupHeartbeatIntervalMs?: number | undefined;
}

/** A broker in this process over the stores of this machine. */
export function openLocalBroker(stores: LocalStores, runtime: Runtime, options: LocalBrokerOptions): Promise<Broker> {
  const { objects, items } = stores;
  return openBroker({ objects, items, runtime, settings: settingsOf(stores, options) });
}

function settingsOf({ kind, location, freeBytes }: LocalStores, options: LocalBrokerOptions): BrokerSettings {
  const defaults = defaultBrokerSettings;
  const log = embeddedLogSettings;
  const space = freeBytes === undefined ? {} : { space: async () => ({ freeBytes: await freeBytes() }) };
  return {
    ...defaults,
    autoCreateTopics: options.autoCreateTopics ?? defaults.autoCreateTopics,
    defaultPartitions: options.defaultPartitions ?? defaults.defaultPartitions,
    topicDefaults: options.topicDefaults ?? defaults.topicDefaults,
    version: packageVersion,
    runtimeVersion: process.version,
    groups: groupSettings(options),
    storage: { kind, location, ...space },
    log: {
      ...log,
      lingerMs: options.lingerMs ?? log.lingerMs,
      pendingBytesMax: options.pendingBytesMax ?? log.pendingBytesMax,
      cacheBytesMax: options.cacheBytesMax ?? log.cacheBytesMax,
    },
  };
}
