import type { TopicPartition } from "../../api/record-types.ts";
import { LogError } from "../../base/errors.ts";
import type { PartitionOffset } from "../consumer/consumer.ts";
import type { ConsumerOptions } from "../consumer/consumer-options.ts";

/** Where to begin in a partition for which the group has committed nothing, or whose place has left the log. */
export type OffsetReset = "earliest" | "latest" | "none";

export interface GroupConsumerOptions extends Omit<ConsumerOptions, "assign" | "from" | "onOutOfRange"> {
  /** The group's id. Each record goes to one member of a group; different groups each get all. */
  readonly group: string;
  /**
   * Makes the member static: `close` keeps its place until its session ends, so that a restarted process with the
   * same id gets the same partitions, and nobody else's change. No two consumers may bear one at a time.
   */
  readonly instanceId?: string | undefined;
  /** How partitions are shared; the group takes what most members ask for. Default: the server's, "uniform". */
  readonly assignor?: "uniform" | "range" | undefined;
  /**
   * How long the application may take between two polls (with `run`: over one record or batch), in ms. Beyond it
   * the consumer leaves the group, so that others get its partitions. Default 5 min.
   */
  readonly maxPollIntervalMs?: number | undefined;
  /** Whether places are committed without being asked, of what the application is done with. Default true. */
  readonly autoCommit?: boolean | undefined;
  /** Default 5 s. */
  readonly autoCommitIntervalMs?: number | undefined;
  /** Default "latest", as Kafka's: what was published before is skipped. "none" makes `poll` throw. */
  readonly autoOffsetReset?: OffsetReset | undefined;
  /** ms for `close` in all: two thirds to let handlers finish, the rest to commit and to leave. Default 30 s. */
  readonly closeTimeoutMs?: number | undefined;
}

/** A place to commit: the offset of the next record to consume. */
export interface OffsetToCommit extends PartitionOffset {
  /** Any text of the application's own, 4096 bytes at most. */
  readonly metadata?: string | undefined;
}

export interface CommitOptions {
  /** ms to go on trying while the server cannot be reached. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a group has committed for a partition. */
export interface CommittedPlace extends TopicPartition {
  /** Undefined when nothing is committed. */
  readonly offset: number | undefined;
  readonly metadata: string;
}

export interface GroupSettings {
  readonly group: string;
  readonly instanceId: string | undefined;
  readonly assignor: string | undefined;
  readonly maxPollIntervalMs: number;
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly autoOffsetReset: OffsetReset;
  readonly closeTimeoutMs: number;
}

const RESETS: readonly OffsetReset[] = ["earliest", "latest", "none"];

export function groupSettings(options: GroupConsumerOptions): GroupSettings {
  const settings: GroupSettings = {
    group: options.group,
    instanceId: options.instanceId,
    assignor: options.assignor,
    maxPollIntervalMs: options.maxPollIntervalMs ?? 300_000,
    autoCommit: options.autoCommit ?? true,
    autoCommitIntervalMs: options.autoCommitIntervalMs ?? 5000,
    autoOffsetReset: options.autoOffsetReset ?? "latest",
    closeTimeoutMs: options.closeTimeoutMs ?? 30_000,
  };
  if (typeof settings.group !== "string" || settings.group === "") throw wrong("group", "expected the group's id");
  if ("assign" in options) {
    throw wrong("assign", "a group shares its partitions out itself: use subscribe, or leave group away");
  }
  for (const name of ["maxPollIntervalMs", "autoCommitIntervalMs", "closeTimeoutMs"] as const) {
    const value = settings[name];
    if (!Number.isSafeInteger(value) || value < 1) throw wrong(name, `expected a whole number from 1, got ${value}`);
  }
  if (!RESETS.includes(settings.autoOffsetReset)) {
    throw wrong("autoOffsetReset", `expected one of ${RESETS.join(", ")}, got ${String(settings.autoOffsetReset)}`);
  }
  return settings;
}

export function wrong(option: string, what: string): LogError {
  return new LogError("InvalidArgument", `${option}: ${what}`, { details: { field: option } });
}
