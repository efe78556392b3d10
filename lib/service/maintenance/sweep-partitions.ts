import { type Call, callWithin, remainingMs } from "../../base/call.ts";
import { isLogError, messageOf } from "../../base/errors.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import type { PartitionRef } from "../../log/log-context.ts";
import { retainPartition } from "../../log/retention/retain-partition.ts";
import { rollOld } from "../../log/roll/roll-old.ts";
import { type EffectiveConfigs, effectiveConfigs } from "../../log/topics/topic-configs.ts";
import type { ServiceCore } from "../service-core.ts";

/** Left of a call's time, no further partition is begun. */
const PARTITION_MS = 2000;

export interface SweepResult {
  readonly partitions: number;
  /** Partitions that could not be worked on; the next sweep tries again. */
  readonly failed: number;
  /** Bytes of records that retention has let go. */
  readonly removedBytes: number;
  /** The partition to go on with; undefined when all are done. */
  readonly next: string | undefined;
}

/** Rolls and retains partition after partition, topics in order of their names, giving way to whoever waits. */
export async function sweepPartitions(core: ServiceCore, after: string | undefined, call: Call): Promise<SweepResult> {
  const { catalog, context } = core.engine;
  let partitions = 0;
  let failed = 0;
  let removedBytes = 0;
  const from = startOf(after);
  const topics = [...(await catalog.list(call))].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const topic of topics) {
    if (topic.name < from.topic) continue;
    const configs = effectiveConfigs(topic.configs, core.settings.topicDefaults);
    const first = topic.name === from.topic ? from.partition : 0;
    for (let partition = first; partition < topic.partitions; partition++) {
      await core.traffic.giveWay();
      const over = call.signal?.aborted || remainingMs(context.runtime.clock, call) < PARTITION_MS;
      if (over) return { partitions, failed, removedBytes, next: `${topic.name}/${partition}` };
      const bytes = await sweepPartition(core, { topicId: topic.topicId, partition }, configs, call);
      partitions++;
      if (bytes === undefined) failed++;
      else removedBytes += bytes;
    }
  }
  return { partitions, failed, removedBytes, next: undefined };
}

function startOf(token: string | undefined): { readonly topic: string; readonly partition: number } {
  const [topic = "", partition = "0"] = token?.split("/") ?? [];
  return { topic, partition: Number(partition) };
}

/** Bytes that retention has let go; undefined when something stood in the way, which is no harm. */
async function sweepPartition(
  core: ServiceCore,
  ref: PartitionRef,
  configs: EffectiveConfigs,
  parent: Call,
): Promise<number | undefined> {
  const { context } = core.engine;
  const { clock, logger } = context.runtime;
  const call = (): Call => callWithin(clock, serviceCallMsDefault, parent);
  try {
    await rollOld(context, ref, configs, call());
    return (await retainPartition(context, ref, configs, call())).bytes;
  } catch (error) {
    if (!isLogError(error)) throw error;
    if (error.code === "UnknownTopicOrPartition") return 0;
    logger.warn("the upkeep of a partition failed; it stays as it is", { ...ref, error: messageOf(error) });
    return undefined;
  }
}
