import type { ConfigValues } from "../api/topic-types.ts";
import { defaultGroupSettings, type GroupSettings } from "../groups/group-settings.ts";
import { embeddedLogSettings, type LogSettings } from "../log/log-settings.ts";
import { defaultMaintenanceSchedule, type MaintenanceSchedule } from "./maintenance/maintenance-schedule.ts";

/** Where the log lies, for people. */
export interface StorageDescription {
  /** "directory", "memory", "s3". */
  readonly kind: string;
  readonly location: string;
  space?(): Promise<{ readonly freeBytes: number; readonly totalBytes?: number }>;
}

export interface BrokerSettings {
  /** Whether a topic is created by the first produce to it. */
  readonly autoCreateTopics: boolean;
  /** Partitions of a topic that is created without saying how many. */
  readonly defaultPartitions: number;
  /** The server's own defaults for topics' configs. */
  readonly topicDefaults: ConfigValues;
  /** This software's version. */
  readonly version: string;
  /** Node's version. */
  readonly runtimeVersion: string;
  readonly storage: StorageDescription;
  readonly log: LogSettings;
  readonly groups: GroupSettings;
  /** Gives readers that are far behind addresses of segments, where they ask for them and the store can. */
  readonly readUrls: boolean;
  /** Rolls, retains and collects in the background, as a long-running server does. */
  readonly backgroundWork: boolean;
  readonly maintenance: MaintenanceSchedule;
}

export const defaultBrokerSettings: BrokerSettings = {
  autoCreateTopics: true,
  defaultPartitions: 1,
  topicDefaults: {},
  version: "unknown",
  runtimeVersion: "unknown",
  storage: { kind: "memory", location: "memory" },
  log: embeddedLogSettings,
  groups: defaultGroupSettings,
  readUrls: false,
  backgroundWork: true,
  maintenance: defaultMaintenanceSchedule,
};
