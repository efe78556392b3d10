import type { RequestContext } from "../api/log-service.ts";
import {
  EARLIEST_TIMESTAMP,
  LATEST_TIMESTAMP,
  type ListedOffset,
  type ListOffsetsPart,
  type ListOffsetsReply,
  type ListOffsetsRequest,
  MAX_TIMESTAMP,
  type PartitionResult,
} from "../api/record-types.ts";
import { LogError } from "../base/errors.ts";
import { requestPartitionsMax } from "../base/limits.ts";
import type { PartitionRef } from "../log/log-context.ts";
import { offsetForTime, offsetOfNewest } from "../log/read/offset-for-time.ts";
import { readHead } from "../log/read-head.ts";
import type { Head } from "../storage/items/head.ts";
import { checkLeaderEpoch } from "./leader-epoch.ts";
import { asLogError, findPartition, findTopic, onCurrentTopic, type ServiceCore } from "./service-core.ts";

const NONE = { offset: -1, timestamp: -1 };

export async function listOffsets(
  core: ServiceCore,
  context: RequestContext,
  request: ListOffsetsRequest,
): Promise<ListOffsetsReply> {
  if (request.partitions.length > requestPartitionsMax) {
    throw new LogError("InvalidRequest", `a request names at most ${requestPartitionsMax} partitions`);
  }
  return { partitions: await Promise.all(request.partitions.map((part) => listOffset(core, context, part))) };
}

async function listOffset(
  core: ServiceCore,
  context: RequestContext,
  part: ListOffsetsPart,
): Promise<PartitionResult<ListedOffset>> {
  const { topic: name, partition } = part;
  try {
    core.authorize(context.principal, "describe", { kind: "topic", name });
    const listed = await onCurrentTopic(core, name, async () => {
      const topic = await findTopic(core, name, context);
      const ref = await findPartition(core, topic, partition, context);
      const head = await readHead(core.engine.context, ref, context);
      checkLeaderEpoch(head, part.currentLeaderEpoch);
      return { ...(await find(core, context, ref, head, part.timestamp)), leaderEpoch: head.epoch };
    });
    return { topic: name, partition, ok: true, ...listed };
  } catch (error) {
    return { topic: name, partition, ok: false, error: asLogError(core, error) };
  }
}

async function find(
  core: ServiceCore,
  context: RequestContext,
  ref: PartitionRef,
  head: Head,
  timestamp: number,
): Promise<{ offset: number; timestamp: number }> {
  switch (timestamp) {
    case LATEST_TIMESTAMP:
      return { offset: head.next, timestamp: -1 };
    case EARLIEST_TIMESTAMP:
      return { offset: head.logStart, timestamp: -1 };
    case MAX_TIMESTAMP:
      return (await offsetOfNewest(core.engine.context, ref, context)) ?? NONE;
    default:
      if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
        throw new LogError(
          "InvalidRequest",
          `a timestamp is whole milliseconds since 1970, or -1, -2, -3; not ${timestamp}`,
        );
      }
      return (await offsetForTime(core.engine.context, ref, timestamp, context)) ?? NONE;
  }
}
