import type { Runtime } from "../base/runtime.ts";
import { packageVersion } from "../config/package-version.ts";
import type { Config } from "../config/settings.ts";
import { embeddedLogSettings } from "../log/log-settings.ts";
import { type Broker, openBroker } from "../service/broker.ts";
import { type BrokerSettings, defaultBrokerSettings } from "../service/broker-settings.ts";
import type { LocalStores } from "./local-stores.ts";

/** The settings of a broker, as far as users decide on them. */
export type LocalBrokerConfig = Pick<
  Config,
  "autoCreateTopics" | "defaultPartitions" | "topicDefaults" | "lingerMs" | "pendingBytesMax" | "cacheBytesMax"
>;

/** A broker in this process over the stores of this machine. */
export function openLocalBroker(stores: LocalStores, runtime: Runtime, config: LocalBrokerConfig): Promise<Broker> {
  const { objects, items } = stores;
  return openBroker({ objects, items, runtime, settings: settingsOf(stores, config) });
}

function settingsOf({ kind, location, freeBytes }: LocalStores, config: LocalBrokerConfig): BrokerSettings {
  const space = freeBytes === undefined ? {} : { space: async () => ({ freeBytes: await freeBytes() }) };
  const { autoCreateTopics, defaultPartitions, topicDefaults, lingerMs, pendingBytesMax, cacheBytesMax } = config;
  return {
    ...defaultBrokerSettings,
    autoCreateTopics,
    defaultPartitions,
    topicDefaults,
    version: packageVersion,
    runtimeVersion: process.version,
    storage: { kind, location, ...space },
    log: { ...embeddedLogSettings, lingerMs, pendingBytesMax, cacheBytesMax },
  };
}
