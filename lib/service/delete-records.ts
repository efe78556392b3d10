import type { RequestContext } from "../api/log-service.ts";
import type {
  DeletedRecords,
  DeleteRecordsPart,
  DeleteRecordsReply,
  DeleteRecordsRequest,
  PartitionResult,
} from "../api/record-types.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { requestPartitionsMax } from "../base/limits.ts";
import { deleteRecords as deleteFromPartition } from "../log/retention/delete-records.ts";
import { effectiveConfigs } from "../log/topics/topic-configs.ts";
import { asLogError, findPartition, findTopic, onCurrentTopic, type ServiceCore } from "./service-core.ts";

/** Partitions worked on at once: each may have many index items to remove. */
const AT_ONCE = 8;

export async function deleteRecords(
  core: ServiceCore,
  context: RequestContext,
  { partitions: parts }: DeleteRecordsRequest,
): Promise<DeleteRecordsReply> {
  if (parts.length > requestPartitionsMax) {
    throw new LogError("InvalidRequest", `a request names at most ${requestPartitionsMax} partitions`);
  }
  const partitions: PartitionResult<DeletedRecords>[] = [];
  for (let first = 0; first < parts.length; first += AT_ONCE) {
    const some = parts.slice(first, first + AT_ONCE);
    partitions.push(...(await Promise.all(some.map((part) => deletePart(core, context, part)))));
  }
  return { partitions };
}

async function deletePart(
  core: ServiceCore,
  context: RequestContext,
  { topic: name, partition, beforeOffset }: DeleteRecordsPart,
): Promise<PartitionResult<DeletedRecords>> {
  try {
    core.authorize(context.principal, "delete", { kind: "topic", name });
    const logStart = await onCurrentTopic(core, name, async () => {
      const topic = await findTopic(core, name, context);
      if (!effectiveConfigs(topic.configs, core.settings.topicDefaults).cleanup.delete) throw keepsRecords(name);
      const ref = await findPartition(core, topic, partition, context);
      return deleteFromPartition(core.engine.context, ref, beforeOffset, context);
    });
    return { topic: name, partition, ok: true, logStart };
  } catch (error) {
    return { topic: name, partition, ok: false, error: withTopic(name, asLogError(core, error)) };
  }
}

/** Below the service a partition bears its topic's id only, which says nothing to who asked. */
function withTopic(topic: string, error: LogError): LogError {
  if (!isLogError(error, "OffsetOutOfRange")) return error;
  return new LogError(error.code, error.message, { details: { topic, ...error.details }, cause: error });
}

/** Kafka's rule: of a topic that is only compacted, records are deleted by tombstones. */
function keepsRecords(topic: string): LogError {
  return new LogError(
    "PolicyViolation",
    `topic ${topic} is only compacted: its cleanup.policy must name delete before records can be deleted`,
    { details: { topic } },
  );
}
