import { type Call, callWithin, remainingMs } from "../../base/call.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import type { PartitionRef } from "../../log/log-context.ts";
import { type EffectiveConfigs, effectiveConfigs } from "../../log/topics/topic-configs.ts";
import type { ServiceCore } from "../service-core.ts";

/** What a partition's work takes at least, ms: with less than that left, no further one is begun. */
const PARTITION_MS = 2000;

export type PartitionWork = (ref: PartitionRef, configs: EffectiveConfigs) => Promise<void>;

/**
 * Does something for partition after partition, topics in order of their names, giving way to whoever waits. Answers
 * with the partition to go on with when the call's time is up; undefined when all are done.
 */
export async function walkPartitions(
  core: ServiceCore,
  after: string | undefined,
  call: Call,
  work: PartitionWork,
  partitionMs = PARTITION_MS,
): Promise<string | undefined> {
  const { catalog, context } = core.engine;
  const from = startOf(after);
  const topics = [...(await catalog.list(callWithin(context.runtime.clock, serviceCallMsDefault, call)))].sort(
    (a, b) => (a.name < b.name ? -1 : 1),
  );
  for (const topic of topics) {
    if (topic.name < from.topic) continue;
    const configs = effectiveConfigs(topic.configs, core.settings.topicDefaults);
    const first = topic.name === from.topic ? from.partition : 0;
    for (let partition = first; partition < topic.partitions; partition++) {
      await core.traffic.giveWay();
      const over = call.signal?.aborted || remainingMs(context.runtime.clock, call) < partitionMs;
      if (over) return `${topic.name}/${partition}`;
      await work({ topicId: topic.topicId, partition }, configs);
    }
  }
  return undefined;
}

function startOf(token: string | undefined): { readonly topic: string; readonly partition: number } {
  const [topic = "", partition = "0"] = token?.split("/") ?? [];
  return { topic, partition: Number(partition) };
}
