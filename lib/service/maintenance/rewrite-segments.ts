import type { Call } from "../../base/call.ts";
import { isLogError, messageOf } from "../../base/errors.ts";
import type { PartitionRef } from "../../log/log-context.ts";
import type { EffectiveConfigs } from "../../log/topics/topic-configs.ts";
import type { ServiceCore } from "../service-core.ts";
import { type PartitionWork, walkPartitions } from "./walk-partitions.ts";

export interface RewriteResult {
  /** Bytes of the segments that merges have made. */
  readonly mergedBytes: number;
  /** Partitions that were compacted. */
  readonly compacted: number;
  /** Partitions that could not be worked on; the next run tries again. */
  readonly failed: number;
  /** The partition to go on with; undefined when all are done. */
  readonly next: string | undefined;
}

/** A compaction that is cut off has read for nothing: with less time than this none is begun. */
const PARTITION_MS = 60_000;

type Done = Omit<RewriteResult, "next">;

/** Merges and compacts partition after partition. */
export async function rewriteSegments(
  core: ServiceCore,
  after: string | undefined,
  call: Call,
): Promise<RewriteResult> {
  let done: Done = { mergedBytes: 0, compacted: 0, failed: 0 };
  const rewrite: PartitionWork = async (ref, configs) => {
    const { mergedBytes, compacted, failed } = await rewritePartition(core, ref, configs, call);
    done = {
      mergedBytes: done.mergedBytes + mergedBytes,
      compacted: done.compacted + compacted,
      failed: done.failed + failed,
    };
  };
  const next = await walkPartitions(core, after, call, rewrite, PARTITION_MS);
  return { ...done, next };
}

async function rewritePartition(
  core: ServiceCore,
  ref: PartitionRef,
  configs: EffectiveConfigs,
  call: Call,
): Promise<Done> {
  const { upkeep, context } = core.engine;
  let mergedBytes = 0;
  try {
    mergedBytes = await upkeep.merge(ref, configs, call);
    const compacted = await upkeep.compact(ref, configs, call, () => core.traffic.giveWay());
    return { mergedBytes, compacted: compacted === undefined ? 0 : 1, failed: 0 };
  } catch (error) {
    if (!isLogError(error)) throw error;
    const gone = error.code === "UnknownTopicOrPartition";
    if (!gone) {
      const details = { ...ref, error: messageOf(error) };
      context.runtime.logger.warn("merging or compacting a partition failed; it stays as it is", details);
    }
    return { mergedBytes, compacted: 0, failed: gone ? 0 : 1 };
  }
}
