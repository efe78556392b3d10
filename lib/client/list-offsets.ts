import type { Isolation, ListedOffset, ListOffsetsPart, TopicPartition } from "../api/record-types.ts";
import { LogError } from "../base/errors.ts";
import type { Connection } from "./connection.ts";
import { inRequests } from "./in-requests.ts";
import { retryWhileRetriable } from "./retry.ts";
import { missingTopic } from "./topic-metadata.ts";

export interface ListOffsetsOptions {
  readonly isolation: Isolation;
  /** Of one request and its repetitions. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Asks until every partition has answered; the first that cannot throws. In the order asked. */
export function listOffsets(
  connection: Connection,
  partitions: readonly ListOffsetsPart[],
  options: ListOffsetsOptions,
): Promise<(TopicPartition & ListedOffset)[]> {
  return inRequests(partitions, (some) => listSome(connection, some, options));
}

function listSome(
  connection: Connection,
  partitions: readonly ListOffsetsPart[],
  options: ListOffsetsOptions,
): Promise<(TopicPartition & ListedOffset)[]> {
  const { backoff, runtime } = connection;
  const { isolation, timeoutMs, signal } = options;
  return retryWhileRetriable({ clock: runtime.clock, backoff, timeoutMs, signal, stopAt: isMissing }, async () => {
    const reply = await connection.request(
      "listOffsets",
      (service, context) => service.listOffsets(context, { isolation, partitions }),
      { signal },
    );
    return partitions.map(({ topic, partition }, at) => {
      const answer = reply.partitions[at];
      if (answer?.topic !== topic || answer.partition !== partition) {
        throw new LogError("UnknownServerError", `listOffsets: no answer for ${topic}-${partition}`);
      }
      if (answer.ok) {
        const { offset, timestamp, leaderEpoch } = answer;
        return { topic, partition, offset, timestamp, leaderEpoch };
      }
      if (isMissing(answer.error)) throw missingTopic(topic, answer.error);
      throw answer.error;
    });
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof LogError && error.code === "UnknownTopicOrPartition";
}
