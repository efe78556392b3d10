/** How often a server sees to its partitions and its garbage, ms. */
export interface MaintenanceSchedule {
  /** Kafka's `log.retention.check.interval.ms`. */
  readonly retentionEveryMs: number;
  /** Merges and compaction. */
  readonly rewritingEveryMs: number;
  readonly collectionEveryMs: number;
  readonly groupsEveryMs: number;
}

export const defaultMaintenanceSchedule: MaintenanceSchedule = {
  retentionEveryMs: 5 * 60_000,
  rewritingEveryMs: 60_000,
  collectionEveryMs: 15 * 60_000,
  groupsEveryMs: 10 * 60_000,
};
