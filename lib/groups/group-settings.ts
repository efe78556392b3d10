import { LogError } from "../base/errors.ts";

/** How patient groups are. */
export interface GroupSettings {
  /** A member that shows no life for so long is removed. Kafka: group.consumer.session.timeout.ms. */
  readonly sessionTimeoutMs: number;
  /** How often members are told to heartbeat. Kafka: group.consumer.heartbeat.interval.ms. */
  readonly heartbeatIntervalMs: number;
  /** For members that name no time in which they let go of partitions. */
  readonly rebalanceTimeoutMs: number;
  readonly membersMax: number;
  /** Offsets of a group are kept so long after its last member has gone. Kafka: offsets.retention.minutes. */
  readonly offsetsRetentionMs: number;
}

const SECOND_MS = 1000;
const DAY_MS = 24 * 3600 * SECOND_MS;

/** Kafka's defaults. */
export const defaultGroupSettings: GroupSettings = {
  sessionTimeoutMs: 45 * SECOND_MS,
  heartbeatIntervalMs: 5 * SECOND_MS,
  rebalanceTimeoutMs: 300 * SECOND_MS,
  membersMax: 1000,
  offsetsRetentionMs: 7 * DAY_MS,
};

/** Kafka's defaults with the times that users set. A heartbeat may get lost, and the next is still in time. */
export function groupSettings(times: {
  readonly groupSessionTimeoutMs?: number | undefined;
  readonly groupHeartbeatIntervalMs?: number | undefined;
}): GroupSettings {
  const sessionTimeoutMs = times.groupSessionTimeoutMs ?? defaultGroupSettings.sessionTimeoutMs;
  const heartbeatIntervalMs = times.groupHeartbeatIntervalMs ?? defaultGroupSettings.heartbeatIntervalMs;
  if (heartbeatIntervalMs > sessionTimeoutMs / 3) {
    const message = `groupHeartbeatIntervalMs is ${heartbeatIntervalMs}: expected at most a third of groupSessionTimeoutMs, ${sessionTimeoutMs}`;
    throw new LogError("InvalidConfig", message);
  }
  return { ...defaultGroupSettings, sessionTimeoutMs, heartbeatIntervalMs };
}

/**
 * A liveness mark older than this is written anew by the next heartbeat: coarse, since every mark is a write, but
 * always fresh enough that a member that heartbeats is never taken for dead.
 */
export function markAgeMsMax({ sessionTimeoutMs }: GroupSettings): number {
  return sessionTimeoutMs / 3;
}
