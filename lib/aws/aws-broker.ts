import type { ConfigValues } from "../api/topic-types.ts";
import type { Runtime } from "../base/runtime.ts";
import { packageVersion } from "../config/package-version.ts";
import { groupSettings } from "../groups/group-settings.ts";
import { billedLogSettings, type LogSettings } from "../log/log-settings.ts";
import { type Broker, openBroker } from "../service/broker.ts";
import { type BrokerSettings, defaultBrokerSettings } from "../service/broker-settings.ts";
import type { AwsStores } from "./aws-stores.ts";

/** The settings of a broker on AWS, as far as users decide on them. */
export interface AwsBrokerOptions {
  /** Whether the first publish to an unknown topic creates it. Default true. */
  readonly autoCreateTopics?: boolean | undefined;
  /** Partitions of a topic that is created without a number of them. Default 1. */
  readonly defaultPartitions?: number | undefined;
  /** Configs for topics that do not set them, by Kafka's names. */
  readonly topicDefaults?: ConfigValues | undefined;
  /** How long a produce may wait for others to be stored together with it, ms: fewer requests, more latency. */
  readonly lingerMs?: number | undefined;
  /** Bytes of produced batches that wait to be stored, before further ones are refused as Overloaded. */
  readonly pendingBytesMax?: number | undefined;
  /**
   * Gives readers that are far behind short-lived addresses of segments, where they ask for them. Default false: worth
   * it for a broker behind an API whose answers are small.
   */
  readonly readUrls?: boolean | undefined;
  /** Bytes of stored objects that are kept in memory. */
  readonly cacheBytesMax?: number | undefined;
  /** How long a consumer group's member may be silent before others get its partitions. Default 45 s. */
  readonly groupSessionTimeoutMs?: number | undefined;
  /** How often members of consumer groups are told to heartbeat. Default 5 s. */
  readonly groupHeartbeatIntervalMs?: number | undefined;
  /**
   * Rolls small pieces into segments, retains and collects while it is open. Default true. Not needed beside the
   * deployed functions, which do the same.
   */
  readonly backgroundWork?: boolean | undefined;
}

/** Of a broker that leaves rolling to others: no partition of it has ever gathered enough. */
const NEVER_FULL = Number.MAX_SAFE_INTEGER;

/** Each look at a partition reads its newest index items, which is paid for. */
const REWRITING_EVERY_MS = 10 * 60_000;

/** A broker in this process over the stores of AWS, one of any number. */
export function openAwsBroker(stores: AwsStores, runtime: Runtime, options: AwsBrokerOptions): Promise<Broker> {
  const { objects, items, clock = runtime.clock } = stores;
  return openBroker({ objects, items, runtime: { ...runtime, clock }, settings: settingsOf(stores, options) });
}

function settingsOf({ location }: AwsStores, options: AwsBrokerOptions): BrokerSettings {
  const defaults = defaultBrokerSettings;
  return {
    ...defaults,
    autoCreateTopics: options.autoCreateTopics ?? defaults.autoCreateTopics,
    defaultPartitions: options.defaultPartitions ?? defaults.defaultPartitions,
    topicDefaults: options.topicDefaults ?? defaults.topicDefaults,
    readUrls: options.readUrls ?? defaults.readUrls,
    backgroundWork: options.backgroundWork ?? defaults.backgroundWork,
    version: packageVersion,
    runtimeVersion: process.version,
    groups: groupSettings(options),
    storage: { kind: "s3", location },
    log: logSettingsOf(options),
    maintenance: { ...defaults.maintenance, rewritingEveryMs: REWRITING_EVERY_MS },
  };
}

function logSettingsOf(options: AwsBrokerOptions): LogSettings {
  const log = billedLogSettings;
  return {
    ...log,
    lingerMs: options.lingerMs ?? log.lingerMs,
    pendingBytesMax: options.pendingBytesMax ?? log.pendingBytesMax,
    cacheBytesMax: options.cacheBytesMax ?? log.cacheBytesMax,
    roll: { ...log.roll, bytes: options.backgroundWork === false ? NEVER_FULL : log.roll.bytes },
  };
}
