import type { Call } from "../base/call.ts";
import { type Compacted, compactPartition } from "./compact/compact-partition.ts";
import { type LogContext, type PartitionRef, partitionName } from "./log-context.ts";
import { mergeLimits } from "./merge/merge-limits.ts";
import { mergePartition } from "./merge/merge-partition.ts";
import type { EffectiveConfigs } from "./topics/topic-configs.ts";

/** Partitions whose compaction waits. */
const PAUSED_MAX = 10_000;
/** After a compaction that something stood in the way of: what it has read would be read again. */
const PAUSE_MS = 10 * 60_000;

/** The rewriting of segments, on behalf of whoever decides when: one broker's memory of it is all that it keeps. */
export class SegmentUpkeep {
  readonly #context: LogContext;
  /** Partitions whose compaction could not be completed, and when to try again. */
  readonly #notBeforeMs = new Map<string, number>();
  #compacting = false;

  constructor(context: LogContext) {
    this.#context = context;
  }

  /** Merges what is worth it, one segment after the other. Answers with the bytes of the segments made. */
  async merge(ref: PartitionRef, configs: EffectiveConfigs, call: Call): Promise<number> {
    const limits = mergeLimits(this.#context.settings, configs);
    let bytes = 0;
    while (call.signal?.aborted !== true) {
      const merged = await mergePartition(this.#context, ref, limits, this.#context.damage, call);
      if (merged.inputs === 0) break;
      bytes += merged.bytes;
    }
    return bytes;
  }

  /**
   * Compacts a partition of a topic that wants it, when it is worth it: one at a time, since each takes memory for its
   * keys. Undefined when there was nothing to do, or another is at work. It takes as long as the log is large, so the
   * call should have no deadline but a signal; cut off, it begins anew the next time.
   */
  async compact(
    ref: PartitionRef,
    configs: EffectiveConfigs,
    call: Call,
    giveWay?: () => Promise<void>,
  ): Promise<Compacted | undefined> {
    const { clock, meter } = this.#context.runtime;
    const partition = partitionName(ref);
    if (!configs.cleanup.compact || this.#compacting) return undefined;
    if ((this.#notBeforeMs.get(partition) ?? 0) > clock.monotonicMs()) return undefined;
    this.#compacting = true;
    try {
      const compacted = await compactPartition(
        this.#context,
        ref,
        {
          rules: configs,
          damaged: this.#context.damage,
          giveWay: async () => {
            await clock.sleep(0);
            await giveWay?.();
          },
        },
        call,
      );
      if (compacted === undefined) return undefined;
      if (compacted.complete) this.#notBeforeMs.delete(partition);
      else this.#notBeforeMs.set(partition, clock.monotonicMs() + PAUSE_MS);
      meter.count("log.compaction");
      meter.count("log.compaction.bytes.read", compacted.bytesRead);
      meter.count("log.compaction.bytes.written", compacted.bytesWritten);
      meter.count("log.compaction.records.removed", compacted.removedRecords);
      return compacted;
    } finally {
      this.#compacting = false;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    for (const partition of this.#notBeforeMs.keys()) {
      if (this.#notBeforeMs.size <= PAUSED_MAX) break;
      this.#notBeforeMs.delete(partition);
    }
  }
}
