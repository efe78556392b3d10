import { LogError } from "../../base/errors.ts";
import { messageBytesDefault, messageBytesMax } from "../../base/limits.ts";

export type ConfigValues = Readonly<Record<string, string>>;

interface TopicConfig {
  readonly defaultValue: string;
  /** What is wrong with a value; undefined when nothing is. */
  problem(value: string): string | undefined;
}

/** The configs of topics that the engine heeds, by Kafka's names. */
const TOPIC_CONFIGS: Readonly<Record<string, TopicConfig>> = {
  "max.message.bytes": {
    defaultValue: String(messageBytesDefault),
    problem: (value) => wholeNumberProblem(value, 1, messageBytesMax),
  },
};

export const topicConfigNames: readonly string[] = Object.keys(TOPIC_CONFIGS);

export function topicConfigDefault(name: string): string | undefined {
  return TOPIC_CONFIGS[name]?.defaultValue;
}

/** `InvalidConfig` for a name that is not known, or a value that does not fit it. */
export function checkTopicConfigs(configs: ConfigValues): void {
  for (const [name, value] of Object.entries(configs)) {
    const config = Object.hasOwn(TOPIC_CONFIGS, name) ? TOPIC_CONFIGS[name] : undefined;
    if (config === undefined) {
      throw new LogError("InvalidConfig", `unknown topic config ${name}; known: ${topicConfigNames.join(", ")}`, {
        details: { name, known: topicConfigNames },
      });
    }
    const problem = config.problem(value);
    if (problem === undefined) continue;
    throw new LogError("InvalidConfig", `topic config ${name}: ${problem}, not ${JSON.stringify(value)}`, {
      details: { name, value },
    });
  }
}

/** The largest batch that a topic takes, in bytes as stored. */
export function messageBytesOf(configs: ConfigValues, serverDefaults: ConfigValues): number {
  const name = "max.message.bytes";
  return Number(configs[name] ?? serverDefaults[name] ?? topicConfigDefault(name));
}

function wholeNumberProblem(value: string, min: number, max: number): string | undefined {
  const number = Number(value);
  const fits = /^\d+$/.test(value) && number >= min && number <= max;
  return fits ? undefined : `must be a whole number from ${min} to ${max}`;
}
