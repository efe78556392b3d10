import type { TopicPartition } from "../../api/record-types.ts";
import { type GroupSettings, type OffsetReset, wrong } from "./group-consumer-options.ts";

/** Topics by name, or all whose whole name matches a regular expression in RE2's syntax. */
export type Topics = string | readonly string[] | { readonly pattern: string | RegExp };

/**
 * What the application is told when partitions come and go. Each may be async, is called within `poll` (or `run`),
 * and is waited for, though no longer than `maxPollIntervalMs`.
 */
export interface RebalanceListener {
  /** These are the consumer's from now on. `seek` works. */
  readonly onAssigned?: ((partitions: readonly TopicPartition[]) => void | Promise<void>) | undefined;
  /** These go to another member when this is over: the last chance to commit. */
  readonly onRevoked?: ((partitions: readonly TopicPartition[]) => void | Promise<void>) | undefined;
  /** These have been taken away: another member may use them already, and nothing can be committed. */
  readonly onLost?: ((partitions: readonly TopicPartition[]) => void | Promise<void>) | undefined;
}

export interface SubscribeOptions extends RebalanceListener {
  /** Begin at the log's start where nothing is committed: as `autoOffsetReset: "earliest"`. */
  readonly fromBeginning?: boolean | undefined;
}

export interface Subscription {
  readonly topics: readonly string[];
  readonly pattern: string | undefined;
  readonly reset: OffsetReset;
  readonly listener: RebalanceListener;
}

/** `InvalidArgument` for what names no topics. */
export function subscriptionOf(topics: Topics, options: SubscribeOptions, settings: GroupSettings): Subscription {
  const reset = options.fromBeginning === true ? "earliest" : settings.autoOffsetReset;
  if (typeof topics === "object" && "pattern" in topics) {
    return { topics: [], pattern: patternText(topics.pattern), reset, listener: options };
  }
  const names = typeof topics === "string" ? [topics] : topics;
  for (const name of names) if (typeof name !== "string" || name === "") throw wrong("topics", "expected names");
  if (names.length === 0) throw wrong("topics", "expected at least one; see unsubscribe");
  return { topics: [...new Set(names)].sort(), pattern: undefined, reset, listener: options };
}

function patternText(pattern: string | RegExp): string {
  if (typeof pattern === "string") return pattern;
  if (pattern.flags.replace("u", "") !== "") throw wrong("pattern", `the flags "${pattern.flags}" have no effect`);
  return pattern.source;
}
