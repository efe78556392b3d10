/** What a member tells of itself, a line of JSON each; times are ms since the epoch, as all processes have them. */
export type MemberEvent =
  | { readonly kind: "assigned" | "revoked" | "lost"; readonly atMs: number; readonly partitions: readonly number[] }
  /** It has worked on these: from the first to before the end. */
  | {
      readonly kind: "consumed";
      readonly atMs: number;
      readonly partition: number;
      readonly from: number;
      readonly end: number;
    }
  /** A commit that it began at `atMs`; `error` is the code when it was refused. */
  | {
      readonly kind: "commit";
      readonly atMs: number;
      readonly offsets: readonly { readonly partition: number; readonly offset: number }[];
      readonly error?: string;
    };

/** How a member reads: both are what applications do. */
export type MemberMode =
  /** By `poll`, committing by itself after some polls and when partitions go. */
  | "poll"
  /** By `run`, with what the SDK commits on its own. */
  | "run";
