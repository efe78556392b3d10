/** The promises of the design that this simulator judges, and what it can say besides. */
export const PROMISES = [
  "AckDurable",
  "OnceOnly",
  "OffsetUnique",
  "Tiling",
  "SendOrder",
  "NoPhantom",
  "Monotone",
  "RefLive",
  "GcSafe",
  "MergeIdentity",
  "Incarnation",
  "GroupFence",
  "Liveness",
  /** An error that is no LogError: an invariant broke, or something was not foreseen. */
  "Invariant",
] as const;

export type PromiseName = (typeof PROMISES)[number];

export interface Anomaly {
  readonly promise: PromiseName;
  readonly what: string;
  readonly atMs: number;
}
