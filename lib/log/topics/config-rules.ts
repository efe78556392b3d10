import { messageBytesDefault, messageBytesMax } from "../../base/limits.ts";

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** What a topic config may hold, and what it holds when nobody has set it. */
export interface ConfigRule {
  readonly defaultValue: string;
  /** What is wrong with a value; undefined when nothing is. */
  problem(value: string): string | undefined;
}

/**
 * The configs of topics that the engine heeds, with Kafka's names and defaults (its `TopicConfig` and `LogConfig`).
 * Stricter than Kafka's where its rule lets pass what no log can work with: sizes of nothing.
 */
export const CONFIG_RULES = {
  "cleanup.policy": { defaultValue: "delete", problem: policyProblem },
  "delete.retention.ms": wholeNumber({ defaultValue: DAY_MS, least: 0 }),
  "max.message.bytes": wholeNumber({ defaultValue: messageBytesDefault, least: 1, most: messageBytesMax }),
  "message.timestamp.type": oneOf("CreateTime", "LogAppendTime"),
  "min.cleanable.dirty.ratio": { defaultValue: "0.5", problem: ratioProblem },
  "min.compaction.lag.ms": wholeNumber({ defaultValue: 0, least: 0 }),
  "retention.bytes": wholeNumber({ defaultValue: -1, least: 1, unlimited: true }),
  "retention.ms": wholeNumber({ defaultValue: 7 * DAY_MS, least: 0, unlimited: true }),
  "segment.bytes": wholeNumber({ defaultValue: 1024 * MIB, least: 1 }),
  "segment.ms": wholeNumber({ defaultValue: 7 * DAY_MS, least: 1 }),
} as const satisfies Record<string, ConfigRule>;

export type ConfigName = keyof typeof CONFIG_RULES;

/** By name, in alphabetical order. */
export const topicConfigNames = Object.keys(CONFIG_RULES) as ConfigName[];

export function isConfigName(name: string): name is ConfigName {
  return Object.hasOwn(CONFIG_RULES, name);
}

interface NumberRange {
  readonly defaultValue: number;
  readonly least: number;
  readonly most?: number;
  /** Whether -1 means that there is no limit. */
  readonly unlimited?: boolean;
}

function wholeNumber({ defaultValue, least, most = NUMBER_MAX, unlimited = false }: NumberRange): ConfigRule {
  const upTo = most === NUMBER_MAX ? `of at least ${least}` : `from ${least} to ${most}`;
  const expected = `must be a whole number ${upTo}${unlimited ? ", or -1 for no limit" : ""}`;
  return {
    defaultValue: String(defaultValue),
    problem(value) {
      if (unlimited && value === "-1") return undefined;
      const number = Number(value);
      return /^\d+$/.test(value) && number >= least && number <= most ? undefined : expected;
    },
  };
}

function oneOf(defaultValue: string, ...others: readonly string[]): ConfigRule {
  const allowed = [defaultValue, ...others];
  return {
    defaultValue,
    problem: (value) => (allowed.includes(value) ? undefined : `must be ${allowed.join(" or ")}`),
  };
}

/** From 0 to 1, in decimals. */
function ratioProblem(value: string): string | undefined {
  const isDecimal = /^(\d+\.?\d*|\.\d+)$/.test(value);
  return isDecimal && Number(value) <= 1 ? undefined : "must be a number from 0 to 1";
}

/** Kafka's list: "delete", "compact", or both in any order, joined by a comma. */
export function policiesOf(value: string): readonly string[] {
  return value.split(",").map((policy) => policy.trim());
}

function policyProblem(value: string): string | undefined {
  const policies = policiesOf(value);
  const known = policies.every((policy) => policy === "delete" || policy === "compact");
  return known && new Set(policies).size === policies.length ? undefined : "must be delete, compact, or delete,compact";
}
