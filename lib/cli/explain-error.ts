import type { ErrorCode } from "../base/error-codes.ts";
import { isLogError, type LogError, messageOf } from "../base/errors.ts";
import { CommandError } from "./command-error.ts";

export interface Explained {
  /** One line, without the command's name before it. */
  readonly line: string;
  readonly exitCode: number;
}

type NextStep = (error: LogError) => string;

const trying: NextStep = () => "try again, or see what is wrong: tidelog doctor";

const verifying: NextStep = () => "see all that is damaged: stop the server, then tidelog verify --data-dir D";

const RESTORING =
  "bring back a backup; without one, move it away with its -wal and -shm, then: tidelog restore --data-dir D";

/** What to do next, for the errors whose message does not say so itself. */
const NEXT_STEPS: Partial<Record<ErrorCode, NextStep>> = {
  NetworkException: () => "start it: tidelog start, or name another: --endpoint URL",
  Unauthenticated: () => "give the server's token by TIDELOG_TOKEN or --token-file",
  ClusterAuthorizationFailed: ({ details }) =>
    details.status === 403
      ? "let your credentials do execute-api:Invoke there, or choose others: --aws-profile NAME, or --sign never with a token"
      : "ask whoever runs the server to allow it",
  TopicAlreadyExists: (error) => `look at it: tidelog topics describe ${topicOf(error)}`,
  RecordTooLarge: (error) =>
    `let the topic take more: tidelog topics alter ${topicOf(error)} --config max.message.bytes=N`,
  InvalidTopic: () => "choose another name, such as orders",
  InvalidPartitions: (error) => `see how many there are: tidelog topics describe ${topicOf(error)}`,
  GroupIdNotFound: () => "see which there are: tidelog groups list",
  UnreleasedInstanceId: () => "stop that one, or choose another: --instance-id ID",
  FencedInstanceId: () => "another process has taken it: choose another: --instance-id ID",
  NonEmptyGroup: (error) => `see who they are: tidelog groups describe ${String(error.details.groupId ?? "GROUP")}`,
  PolicyViolation: (error) => `let it: tidelog topics alter ${topicOf(error)} --config cleanup.policy=compact,delete`,
  InvalidRecord: ({ details }) =>
    details.recordIndexes === undefined ? "see: tidelog --help" : "give each line a key: --key-separator TEXT",
  StoreMissing: () => "name the directory that holds the log: --data-dir D",
  StoreLocked: () => "stop the other server, or choose another directory: --data-dir D",
  StoreForbidden: () => "give this user the right to write there, or choose another directory: --data-dir D",
  StoreFormat: (error) =>
    isOfDirectory(error)
      ? "choose another directory: --data-dir D"
      : "see which stores fit together: tidelog restore --help",
  CorruptItem: verifying,
  CorruptObject: verifying,
  StoreFull: () => "free space on the server's disk; see how much there is: tidelog doctor",
  NotFound: () => "check the address of the server: tidelog config",
  RequestTooLarge: () => "let the server take more: tidelog start --body-bytes-max N",
  OutcomeUnknown: () => "it may have happened: look before you do it again",
  Overloaded: trying,
  RequestTimedOut: trying,
  StoreUnavailable: trying,
  StoreThrottled: trying,
  KafkaStorageError: trying,
  UnknownServerError: () => "look into the server's log, or see what is wrong: tidelog doctor",
};

/** What to tell of anything that was thrown, and the exit code that goes with it. */
export function explainError(error: unknown): Explained {
  if (error instanceof CommandError) return { line: oneLine(error.message), exitCode: error.exitCode };
  if (!isLogError(error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    return { line: `internal error, please report it: ${stack}`, exitCode: 1 };
  }
  return { line: oneLine(textOf(error)), exitCode: error.code === "InvalidArgument" ? 2 : 1 };
}

function textOf(error: LogError): string {
  if (error.code === "UnknownTopicOrPartition") return missingText(error);
  if (error.code === "OffsetOutOfRange") return outOfRangeText(error);
  if (saysWhatToDo(error)) return error.message;
  if (error.details.damagedDatabase === true) return `${error.message}; ${RESTORING}`;
  const step = NEXT_STEPS[error.code]?.(error) ?? "see: tidelog --help";
  return `${error.message}; ${step}`;
}

/** What a setting takes, what to set, and what AWS wants to be allowed or created is in the message. */
function saysWhatToDo(error: LogError): boolean {
  if (error.code === "InvalidConfig" || error.details.signing === true) return true;
  return (error.code === "StoreForbidden" || error.code === "StoreMissing") && !isOfDirectory(error);
}

function isOfDirectory({ details }: LogError): boolean {
  return details.directory !== undefined || details.file !== undefined;
}

function missingText(error: LogError): string {
  const { topic, partition, partitions } = error.details;
  if (typeof topic !== "string") return `${error.message}; see which there are: tidelog topics list`;
  if (typeof partition !== "number" || typeof partitions !== "number") {
    return `topic ${topic} does not exist; create it: tidelog topics create ${topic}`;
  }
  const grow = `tidelog topics alter ${topic} --partitions ${partition + 1}`;
  return `topic ${topic} has no partition ${partition}, only 0 to ${partitions - 1}; let it grow: ${grow}`;
}

/** In the command's words: what the SDK says of it is for programs. */
function outOfRangeText(error: LogError): string {
  const { offset, partition } = error.details;
  const where = `partition ${String(partition)} of ${topicOf(error)}`;
  return `offset ${String(offset)} is not in ${where}; see which ones are: tidelog offsets ${topicOf(error)}`;
}

function topicOf(error: LogError): string {
  return typeof error.details.topic === "string" ? error.details.topic : "TOPIC";
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}
