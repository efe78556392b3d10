import type { Call } from "../base/call.ts";
import type { LogContext, PartitionRef } from "./log-context.ts";
import { mergeLimits } from "./merge/merge-limits.ts";
import { mergePartition } from "./merge/merge-partition.ts";
import type { EffectiveConfigs } from "./topics/topic-configs.ts";

/** Segments known to be damaged that one broker remembers: beyond it the oldest are looked at again. */
const DAMAGED_MAX = 10_000;

/** The rewriting of segments, on behalf of whoever decides when: one broker's memory of it is all that it keeps. */
export class SegmentUpkeep {
  readonly #context: LogContext;
  readonly #damaged = new Set<string>();

  constructor(context: LogContext) {
    this.#context = context;
  }

  /** Merges what is worth it, one segment after the other. Answers with the bytes of the segments made. */
  async merge(ref: PartitionRef, configs: EffectiveConfigs, call: Call): Promise<number> {
    const limits = mergeLimits(this.#context.settings, configs);
    let bytes = 0;
    while (call.signal?.aborted !== true) {
      const merged = await mergePartition(this.#context, ref, limits, this.#damaged, call);
      this.#forgetOldest();
      if (merged.inputs === 0) break;
      bytes += merged.bytes;
    }
    return bytes;
  }

  #forgetOldest(): void {
    for (const objectKey of this.#damaged) {
      if (this.#damaged.size <= DAMAGED_MAX) return;
      this.#damaged.delete(objectKey);
    }
  }
}
