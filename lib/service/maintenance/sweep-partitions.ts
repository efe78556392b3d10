import { type Call, callWithin } from "../../base/call.ts";
import { isLogError, messageOf } from "../../base/errors.ts";
import type { Stamp } from "../../base/ids.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import type { PartitionRef } from "../../log/log-context.ts";
import { retainPartition } from "../../log/retention/retain-partition.ts";
import { type RollOldOptions, rollOld } from "../../log/roll/roll-old.ts";
import type { EffectiveConfigs } from "../../log/topics/topic-configs.ts";
import type { ServiceCore } from "../service-core.ts";
import { walkPartitions } from "./walk-partitions.ts";

export interface SweepResult {
  readonly partitions: number;
  /** Partitions that could not be worked on; the next sweep tries again. */
  readonly failed: number;
  /** Bytes of records that retention has let go. */
  readonly removedBytes: number;
  /** Age of the oldest commit that was found outside of segments, ms; 0 when there was none. Grows where rolling fails. */
  readonly tailAgeMs: number;
  /** The partition to go on with; undefined when all are done. */
  readonly next: string | undefined;
}

/** Rolls and retains partition after partition, topics in order of their names, giving way to whoever waits. */
export async function sweepPartitions(core: ServiceCore, after: string | undefined, call: Call): Promise<SweepResult> {
  let partitions = 0;
  let failed = 0;
  let removedBytes = 0;
  let tailAgeMs = 0;
  const { clock } = core.engine.context.runtime;
  const found = (commit: Stamp): void => {
    tailAgeMs = Math.max(tailAgeMs, clock.nowMs() - commit);
  };
  const next = await walkPartitions(core, after, call, async (ref, configs) => {
    const swept = await sweepPartition(core, ref, { ...configs, found }, call);
    partitions++;
    if (swept.failed) failed++;
    removedBytes += swept.removedBytes;
  });
  return { partitions, failed, removedBytes, tailAgeMs, next };
}

/** Bytes that retention has let go, and whether something stood in the way, which is no harm. */
interface Swept {
  readonly removedBytes: number;
  readonly failed: boolean;
}

/** Retention has its turn though what is to be rolled cannot be: it may be the very records that it lets go. */
async function sweepPartition(
  core: ServiceCore,
  ref: PartitionRef,
  configs: EffectiveConfigs & RollOldOptions,
  parent: Call,
): Promise<Swept> {
  const { context } = core.engine;
  const { clock, logger } = context.runtime;
  let removedBytes = 0;
  let failed = false;
  const steps: readonly ((call: Call) => Promise<unknown>)[] = [
    (call) => rollOld(context, ref, configs, call),
    async (call) => {
      removedBytes = (await retainPartition(context, ref, configs, call)).bytes;
    },
  ];
  for (const step of steps) {
    try {
      await step(callWithin(clock, serviceCallMsDefault, parent));
    } catch (error) {
      if (!isLogError(error)) throw error;
      if (error.code === "UnknownTopicOrPartition") break;
      failed = true;
      logger.warn("the upkeep of a partition failed; it stays as it is", { ...ref, error: messageOf(error) });
    }
  }
  return { removedBytes, failed };
}
