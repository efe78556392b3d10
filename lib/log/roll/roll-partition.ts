import { type Call, callWithin } from "../../base/call.ts";
import { crc32c } from "../../base/crc32c.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { commitStamp, type Stamp } from "../../base/ids.ts";
import { stampAgeMsMax, storeUpdateMsMax } from "../../base/limits.ts";
import { randomName } from "../../base/random.ts";
import { equal, less, set } from "../../storage/item-change.ts";
import { headKey } from "../../storage/item-keys.ts";
import { HEAD, type Head } from "../../storage/items/head.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import { segmentKey } from "../../storage/object-keys.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { swapIndexItems } from "../swap-index-items.ts";
import { type BuiltSegment, buildSegment } from "./build-segment.ts";
import { chooseRollInputs, type RollLimits } from "./choose-inputs.ts";
import { type EntriesItem, unrolledItems } from "./unrolled-items.ts";

/**
 * Rolls the oldest unrolled entries of a partition into one segment. Any number of brokers may do it at once:
 * the swap demands that every item is what was read, and that the segment's stamp is above the control's horizon.
 * Answers with the bytes of the new segment; 0 when there was nothing to do, or another was faster.
 */
export async function rollPartition(
  context: LogContext,
  ref: PartitionRef,
  limits: RollLimits,
  call: Call,
): Promise<number> {
  const head = await readHead(context, ref, call);
  const inputs = chooseRollInputs(await unrolledItems(context, ref, head.tailBase, call), limits);
  const first = inputs[0];
  const last = inputs.at(-1);
  if (first === undefined || last === undefined) return 0;
  const built = await buildSegment(context, inputs, call);
  const stamp = context.stamps.next();
  const unique = randomName(context.runtime.random, 12);
  const objectKey = segmentKey({ ...ref, base: first.base, end: last.end, stamp, unique });
  await putVerified(context, objectKey, built, call);
  const forgotten = await forgetOldCommits(context, ref, head, inputs, call);
  const segment: SegmentReference = {
    objectKey,
    bytes: built.bytes,
    checksum: built.checksum,
    records: built.records,
    maxTimestamp: built.maxTimestamp,
    marks: built.marks,
    commits: inputs.flatMap((item) => item.entries.filter((entry) => commitStamp(entry.id) > forgotten)),
    forgotten,
  };
  const swapped = await swapIndexItems(context, ref, { inputs, content: { kind: "segment", segment }, stamp }, call);
  if (!swapped) return 0;
  context.runtime.meter.count("log.roll");
  context.runtime.meter.count("log.roll.bytes", built.bytes);
  return built.bytes;
}

/** What the store gives back is what will be relied on: a segment that it damaged is never referred to. */
async function putVerified(context: LogContext, objectKey: string, built: BuiltSegment, call: Call): Promise<void> {
  await context.objects.put(objectKey, built.parts, call);
  const stored = await context.objects.get(objectKey, call);
  if (stored?.byteLength === built.bytes && crc32c(stored) === built.checksum) return;
  throw new LogError("CorruptObject", `segment ${objectKey} does not read back as it was written`, {
    details: { objectKey, bytes: built.bytes, storedBytes: stored?.byteLength },
  });
}

/**
 * Raises the head's horizon to the newest of the rolled commits that is old enough that no attempt of its time can
 * be alive. Their ids need not be kept then: a late one would be refused. Answers with the stamp up to which ids
 * may be forgotten.
 */
async function forgetOldCommits(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  inputs: readonly EntriesItem[],
  call: Call,
): Promise<Stamp> {
  const settled = context.runtime.clock.nowMs() - stampAgeMsMax;
  let wanted = 0;
  for (const item of inputs) {
    for (const entry of item.entries) {
      const stamp = commitStamp(entry.id);
      if (stamp <= settled) wanted = Math.max(wanted, stamp);
    }
  }
  if (wanted <= head.horizon) return head.horizon;
  const conditions = [equal(HEAD.topicId, ref.topicId), less(HEAD.horizon, wanted)];
  const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
  try {
    const outcome = await context.items.update(
      headKey(ref.topicId, ref.partition),
      [set(HEAD.horizon, wanted)],
      conditions,
      within,
    );
    return outcome.ok ? (wanted as Stamp) : head.horizon;
  } catch (error) {
    // Raised or not: without knowing, all ids are kept.
    if (isLogError(error) && error.retriable) return head.horizon;
    throw error;
  }
}
