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

/**
 * A liveness mark older than this is written anew by the next heartbeat: coarse, since every mark is a write, but
 * always fresh enough that a member that heartbeats is never taken for dead.
 */
export function markAgeMsMax({ sessionTimeoutMs }: GroupSettings): number {
  return sessionTimeoutMs / 3;
}
