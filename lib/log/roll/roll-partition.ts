import type { Call } from "../../base/call.ts";
import { commitStamp } from "../../base/ids.ts";
import { randomName } from "../../base/random.ts";
import type { Head } from "../../storage/items/head.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import { segmentKey } from "../../storage/object-keys.ts";
import { forgetCommits } from "../forget-commits.ts";
import type { EntriesItem } from "../index-items.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { putVerified } from "../put-verified.ts";
import { readHead } from "../read-head.ts";
import { type Swap, swapIndexItems } from "../swap-index-items.ts";
import { buildSegment, type GatheredSegment } from "./build-segment.ts";
import { chooseRollInputs, oldestSoundRun, type RollLimits } from "./choose-inputs.ts";
import { entriesName, noteDamage, passingOver } from "./passed-over.ts";
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
  const items = await unrolledItems(context, ref, head.tailBase, call);
  return rollItems(context, ref, { head, items }, limits, call);
}

/** What a partition's roll begins with, read in this order. */
export interface Unrolled {
  readonly head: Head;
  readonly items: readonly EntriesItem[];
}

/** Items that one segment takes the place of. */
export type RolledItems = Pick<GatheredSegment, "items" | "segment"> & Pick<Swap, "passedOver">;

/**
 * As `rollPartition`, of what the caller has read. Damaged items are reported and left as entries; what is sound
 * goes on around them.
 */
export async function rollItems(
  context: LogContext,
  ref: PartitionRef,
  { head, items }: Unrolled,
  limits: RollLimits,
  call: Call,
): Promise<number> {
  // Each look that ends without a segment has found one more item to leave alone.
  for (let looks = 0; looks <= items.length; looks++) {
    const run = oldestSoundRun(items, (item) => context.damage.has(entriesName(ref, item)));
    const inputs = chooseRollInputs(run, limits);
    if (inputs.length === 0) return 0;
    const built = await buildSegment(context, inputs, call);
    if (built.damaged !== undefined && !(await noteDamage(context, ref, built.damaged, call))) return 0;
    if (built.items.length > 0) return rollBuilt(context, ref, { head, built, passed: run.passed }, call);
  }
  return 0;
}

async function rollBuilt(
  context: LogContext,
  ref: PartitionRef,
  { head, built, passed }: { head: Head; built: GatheredSegment; passed: readonly EntriesItem[] },
  call: Call,
): Promise<number> {
  const passedOver = await passingOver(context, ref, passed, call);
  if (passedOver !== "full") return replaceByRolled(context, ref, head, { ...built, passedOver }, call);
  context.runtime.logger.error("too much is damaged: the partition is rolled no farther", { ...ref });
  return 0;
}

/** Stores the segment and puts it into the index. Answers with its bytes; 0 when another was faster. */
export async function replaceByRolled(
  context: LogContext,
  ref: PartitionRef,
  head: Head,
  { items: inputs, segment: built, passedOver }: RolledItems,
  call: Call,
): Promise<number> {
  const base = inputs[0]?.base ?? 0;
  const end = inputs.at(-1)?.end ?? 0;
  const stamp = context.stamps.next();
  const unique = randomName(context.runtime.random, 12);
  const objectKey = segmentKey({ ...ref, base, end, stamp, unique });
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
  const swap = { inputs, content: { kind: "segment", segment }, stamp, passedOver } as const;
  if (!(await swapIndexItems(context, ref, swap, call))) return 0;
  context.runtime.meter.count("log.roll");
  context.runtime.meter.count("log.roll.bytes", built.bytes);
  return built.bytes;
}
