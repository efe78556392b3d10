import { EARLIEST_TIMESTAMP, type Isolation, LATEST_TIMESTAMP, type ListOffsetsPart } from "../../api/record-types.ts";
import type { Connection } from "../connection.ts";
import { listOffsets } from "../list-offsets.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import type { From } from "./consumer-options.ts";

export interface ResolveOptions {
  readonly isolation: Isolation;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Turns where partitions are to begin into offsets; those that were sought meanwhile are left for the next time. */
export async function resolveStarts(
  connection: Connection,
  partitions: Iterable<AssignedPartition>,
  options: ResolveOptions,
): Promise<void> {
  const asked: { partition: AssignedPartition; version: number; part: ListOffsetsPart }[] = [];
  for (const partition of partitions) {
    const { start, topic, version } = partition;
    if (start === undefined) continue;
    if (typeof start === "object" && "offset" in start) partition.moveTo(start.offset);
    else
      asked.push({
        partition,
        version,
        part: { topic, partition: partition.partition, timestamp: timestampOf(start) },
      });
  }
  const offsets = await listOffsets(
    connection,
    asked.map(({ part }) => part),
    options,
  );
  const beyond: AssignedPartition[] = [];
  asked.forEach(({ partition, version }, at) => {
    const offset = offsets[at]?.offset ?? -1;
    if (partition.version !== version) return;
    if (offset >= 0) partition.moveTo(offset);
    else beyond.push(partition);
  });
  // No record is as late as that: what comes next is the first that can be.
  for (const partition of beyond) partition.seek("end");
  if (beyond.length > 0) await resolveStarts(connection, beyond, options);
}

function timestampOf(start: Exclude<From, { offset: number }>): number {
  if (start === "beginning") return EARLIEST_TIMESTAMP;
  if (start === "end") return LATEST_TIMESTAMP;
  return Number(start.timestamp);
}
