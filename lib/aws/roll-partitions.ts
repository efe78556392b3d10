import { type Call, remainingMs } from "../base/call.ts";
import { isLogError } from "../base/errors.ts";
import type { LogEngine } from "../log/log-engine.ts";
import { billedLogSettings } from "../log/log-settings.ts";
import { rollPartition } from "../log/roll/roll-partition.ts";

/** A partition by its topic's name. */
export interface NamedPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Less than this is left of a call: no further segment is begun. */
const SEGMENT_MS = 10_000;

/**
 * Makes segments of what has gathered in the partitions named, where that is enough for one. Ends early with the
 * call's time: what is left is asked for again, or found by the sweep. Answers with the bytes of the new segments.
 */
export async function rollPartitions(engine: LogEngine, named: readonly NamedPartition[], call: Call): Promise<number> {
  const { clock } = engine.context.runtime;
  const limits = { bytes: billedLogSettings.roll.bytes, olderThan: 0 };
  let bytes = 0;
  for (const { topic: name, partition } of named) {
    const topic = await engine.catalog.find(name, call);
    if (topic === undefined || partition >= topic.partitions) continue;
    const ref = { topicId: topic.topicId, partition };
    try {
      for (let rolled = 1; rolled > 0 && remainingMs(clock, call) > SEGMENT_MS; bytes += rolled) {
        rolled = await rollPartition(engine.context, ref, limits, call);
      }
    } catch (error) {
      // Deleted meanwhile: nothing is left to roll.
      if (!isLogError(error, "UnknownTopicOrPartition")) throw error;
    }
  }
  return bytes;
}
