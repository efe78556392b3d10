import type { RestoredPartition, RestoreReport } from "../local/restore-data.ts";
import { countText } from "./figures.ts";
import { formatTable } from "./table.ts";

const HEADINGS = ["TOPIC", "PARTITION", "SEGMENTS", "RECORDS", "LOG START", "END", "NEXT OFFSET"];

/** A table of what was restored, and lines about what is not as it was; `again` is the command line that goes on. */
export function restoredText({ complete, topics, unplaced, generation }: RestoreReport, again: string): string {
  const rows = topics.flatMap(({ name, partitions }) => partitions.map((each) => rowOf(name, each)));
  const lines = topics.flatMap(({ name, partitions }) => partitions.flatMap((each) => remarksOn(name, each)));
  if (unplaced.length > 0)
    lines.push(`${countText(unplaced.length, "object")} could not be placed, and stay where they are`);
  lines.push(complete ? `restored; this is restore ${generation} of this log` : `interrupted; go on: ${again}`);
  return `${formatTable(HEADINGS, rows)}${lines.join("\n")}\n`;
}

function rowOf(name: string, each: RestoredPartition): (string | number)[] {
  const { partition, segments, records, logStart, end, highWatermark } = each;
  if (each.before) return [name, partition, "before", "", logStart, "", highWatermark];
  return [name, partition, segments, records, logStart, end, highWatermark];
}

function remarksOn(name: string, { partition, gaps, staged }: RestoredPartition): string[] {
  const remarks = gaps.map(({ from, to }) => `${name} ${partition}: no segment has offsets ${from} to ${to}`);
  if (staged.batches > 0) {
    const what = `${countText(staged.records, "staged record")} beyond its last segment`;
    const done = staged.appended
      ? "appended; some may never have been acknowledged"
      : "left; --append-staged takes them";
    remarks.push(`${name} ${partition}: ${what}, ${done}`);
  }
  return remarks;
}
