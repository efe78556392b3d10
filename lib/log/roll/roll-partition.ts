import type { Call } from "../../base/call.ts";
import { commitStamp } from "../../base/ids.ts";
import { randomName } from "../../base/random.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import { segmentKey } from "../../storage/object-keys.ts";
import { forgetCommits } from "../forget-commits.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { putVerified } from "../put-verified.ts";
import { readHead } from "../read-head.ts";
import { swapIndexItems } from "../swap-index-items.ts";
import { buildSegment } from "./build-segment.ts";
import { chooseRollInputs, type RollLimits } from "./choose-inputs.ts";
import { unrolledItems } from "./unrolled-items.ts";

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
  const ids = inputs.flatMap((item) => item.entries.map((entry) => entry.id));
  const forgotten = await forgetCommits(context, ref, head, ids, call);
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
