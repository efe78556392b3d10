import type { AwsBrokerOptions } from "../lib/aws/aws-broker.ts";
import type { AwsStorage } from "../lib/aws/aws-stores.ts";
import { LogError } from "../lib/base/errors.ts";
import type { LogLevel } from "../lib/base/logger.ts";
import { loadConfig } from "../lib/config/load-config.ts";

/** What the stack tells its functions, in their environment. */
export interface FunctionEnvironment {
  readonly storage: AwsStorage;
  readonly broker: AwsBrokerOptions;
  readonly logLevel: LogLevel;
  /** The function that rolls; undefined leaves it to the sweep. */
  readonly roller: string | undefined;
  /** The longest that a fetch waits for records, ms: each of them is paid for. */
  readonly fetchWaitMsMax: number;
  /** Whether metrics are told to CloudWatch, which bills each by the month. */
  readonly metrics: boolean;
}

const FETCH_WAIT_MS_DEFAULT = 5000;

/** Settings by their own variables (`TIDELOG_AUTO_CREATE_TOPICS`), places by `LOG_BUCKET` and `LOG_TABLE`. */
export function functionEnvironment(variables: NodeJS.ProcessEnv = process.env): FunctionEnvironment {
  const { config } = loadConfig({ environment: variables });
  const { autoCreateTopics, defaultPartitions, topicDefaults, lingerMs, logLevel } = config;
  const { groupSessionTimeoutMs, groupHeartbeatIntervalMs } = config;
  return {
    storage: {
      bucket: demanded(variables, "LOG_BUCKET"),
      table: demanded(variables, "LOG_TABLE"),
      endpoints: { s3: variables.AWS_ENDPOINT_URL_S3, dynamodb: variables.AWS_ENDPOINT_URL_DYNAMODB },
    },
    // Answers are 6 MB at most here: who is far behind reads the bucket itself.
    broker: {
      ...{ autoCreateTopics, defaultPartitions, topicDefaults, lingerMs },
      ...{ groupSessionTimeoutMs, groupHeartbeatIntervalMs },
      backgroundWork: false,
      readUrls: true,
    },
    logLevel,
    roller: variables.LOG_ROLLER,
    fetchWaitMsMax: Number(variables.LOG_FETCH_WAIT_MS_MAX ?? FETCH_WAIT_MS_DEFAULT),
    metrics: variables.LOG_METRICS === "true",
  };
}

function demanded(variables: NodeJS.ProcessEnv, name: string): string {
  const value = variables[name];
  if (value !== undefined && value !== "") return value;
  throw new LogError("InvalidConfig", `${name} is not set: the stack sets it for each of its functions`);
}
