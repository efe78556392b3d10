import { decompressedBytesMax } from "../base/limits.ts";
import { effectiveConfigs } from "../log/topics/topic-configs.ts";
import { type BatchHeader, readBatchHeader } from "../records/batch-header.ts";
import { checkProducedBatch } from "../records/check-batch.ts";
import { checkKeys } from "../records/check-keys.ts";
import { stampAppendTime } from "../records/stamp-append-time.ts";
import type { Topic } from "../storage/items/topic.ts";
import type { ServiceCore } from "./service-core.ts";

/** A batch as a topic takes it. */
export interface AcceptedBatch {
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  /** The time that the log has stamped the records with; -1 where they keep their own. */
  readonly appendTimeMs: number;
}

/** Holds a batch against its topic's configs, and stamps it where the topic says so. */
export async function acceptBatch(core: ServiceCore, topic: Topic, records: Uint8Array): Promise<AcceptedBatch> {
  const { clock, codecs } = core.engine.context.runtime;
  const configs = effectiveConfigs(topic.configs, core.settings.topicDefaults);
  const header = checkProducedBatch(records, { recordBytesMax: configs.messageBytesMax });
  if (configs.cleanup.compact) await checkKeys(records, codecs, decompressedBytesMax);
  if (!configs.stampsAppendTime) return { bytes: records, header, appendTimeMs: -1 };
  const appendTimeMs = clock.nowMs();
  const bytes = stampAppendTime(records, appendTimeMs);
  return { bytes, header: readBatchHeader(bytes), appendTimeMs };
}
