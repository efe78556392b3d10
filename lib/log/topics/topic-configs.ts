import { LogError } from "../../base/errors.ts";
import { CONFIG_RULES, type ConfigName, isConfigName, policiesOf, topicConfigNames } from "./config-rules.ts";

export type ConfigValues = Readonly<Record<string, string>>;

/** A topic's configs as the engine works with them: its own values, else the server's, else Kafka's defaults. */
export interface EffectiveConfigs {
  readonly cleanup: { readonly delete: boolean; readonly compact: boolean };
  /** How long a tombstone stays after compaction has first met it. */
  readonly deleteRetentionMs: number;
  /** The largest batch that the topic takes, as stored. */
  readonly messageBytesMax: number;
  /** Whether the log stamps records with the time at which it appended them. */
  readonly stampsAppendTime: boolean;
  readonly minCompactionLagMs: number;
  /** The share of bytes not yet compacted above which compaction is worth it. */
  readonly minDirtyRatio: number;
  /** Infinity without a limit; so too `retentionMs`. */
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
}

export function topicConfigDefault(name: string): string | undefined {
  return isConfigName(name) ? CONFIG_RULES[name].defaultValue : undefined;
}

/** `InvalidConfig` for a name that is not known, a value that does not fit it, or values that contradict each other. */
export function checkTopicConfigs(configs: ConfigValues): void {
  for (const [name, value] of Object.entries(configs)) {
    if (!isConfigName(name)) {
      throw new LogError("InvalidConfig", `unknown topic config ${name}; known: ${topicConfigNames.join(", ")}`, {
        details: { name, known: topicConfigNames },
      });
    }
    const problem = CONFIG_RULES[name].problem(value);
    if (problem === undefined) continue;
    throw new LogError("InvalidConfig", `topic config ${name}: ${problem}, not ${JSON.stringify(value)}`, {
      details: { name, value },
    });
  }
  checkRetentionHolds(configs, "retention.bytes", "segment.bytes");
  checkRetentionHolds(configs, "retention.ms", "segment.ms");
}

/** Checks names alone: of configs that are to be removed. */
export function checkTopicConfigNames(names: readonly string[]): void {
  checkTopicConfigs(Object.fromEntries(names.map((name) => [name, topicConfigDefault(name) ?? ""])));
}

/**
 * Retention removes whole segments: one that is larger than all that is to be kept contradicts it. Where the
 * segment's own limit is nobody's wish but the default, the engine makes smaller segments instead.
 */
function checkRetentionHolds(configs: ConfigValues, retention: ConfigName, segment: ConfigName): void {
  const kept = configs[retention];
  const each = configs[segment];
  if (kept === undefined || each === undefined || kept === "-1" || Number(kept) >= Number(each)) return;
  throw new LogError(
    "InvalidConfig",
    `topic configs contradict each other: ${retention}=${kept} is less than one segment, ${segment}=${each}`,
    { details: { [retention]: kept, [segment]: each } },
  );
}

/** What holds for a topic with these configs of its own on a server with those defaults. */
export function effectiveConfigs(configs: ConfigValues, serverDefaults: ConfigValues): EffectiveConfigs {
  const text = (name: ConfigName): string => configs[name] ?? serverDefaults[name] ?? CONFIG_RULES[name].defaultValue;
  const number = (name: ConfigName): number => Number(text(name));
  const limit = (name: ConfigName): number => (text(name) === "-1" ? Number.POSITIVE_INFINITY : number(name));
  const policies = policiesOf(text("cleanup.policy"));
  return {
    cleanup: { delete: policies.includes("delete"), compact: policies.includes("compact") },
    deleteRetentionMs: number("delete.retention.ms"),
    messageBytesMax: number("max.message.bytes"),
    stampsAppendTime: text("message.timestamp.type") === "LogAppendTime",
    minCompactionLagMs: number("min.compaction.lag.ms"),
    minDirtyRatio: number("min.cleanable.dirty.ratio"),
    retentionBytes: limit("retention.bytes"),
    retentionMs: limit("retention.ms"),
    segmentBytes: number("segment.bytes"),
    segmentMs: number("segment.ms"),
  };
}
