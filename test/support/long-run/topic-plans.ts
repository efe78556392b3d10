const DAY_MS = 86_400_000;

/** A topic of a long run: how its records go, and what is done to it. */
export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
  /** Deleted, and made anew under its name, now and then. */
  readonly recreated?: true;
  /** Its oldest records are deleted by request now and then. */
  readonly trimmed?: true;
}

/** How long records are kept where time decides, and how much where size does. */
export const KEPT_MS = 2 * DAY_MS;
export const KEPT_BYTES = 200_000;

export const TOPIC_PLANS: readonly TopicPlan[] = [
  { name: "by-time", partitions: 2, configs: { "retention.ms": String(KEPT_MS) } },
  { name: "by-size", partitions: 1, configs: { "retention.bytes": String(KEPT_BYTES), "retention.ms": "-1" } },
  { name: "compacted", partitions: 2, configs: { "cleanup.policy": "compact", "delete.retention.ms": String(DAY_MS) } },
  {
    name: "compacted-by-time",
    partitions: 1,
    configs: {
      "cleanup.policy": "compact,delete",
      "retention.ms": String(KEPT_MS),
      "delete.retention.ms": String(DAY_MS),
    },
  },
  {
    name: "stamped",
    partitions: 1,
    configs: { "message.timestamp.type": "LogAppendTime", "retention.ms": String(KEPT_MS) },
  },
  { name: "recreated", partitions: 2, configs: {}, recreated: true },
  { name: "trimmed", partitions: 1, configs: {}, trimmed: true },
];

export const isCompacted = ({ configs }: TopicPlan): boolean => configs["cleanup.policy"]?.includes("compact") ?? false;
export const isStamped = ({ configs }: TopicPlan): boolean => configs["message.timestamp.type"] === "LogAppendTime";
