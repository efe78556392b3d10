import { billedLogSettings } from "../../../lib/log/log-settings.ts";
import type { Table } from "../measure/table.ts";
import { lifeOfLoad } from "./life-of-load.ts";
import { type CostScale, dollarText, loadMs } from "./scale.ts";

const MILLION = 1_000_000;
/** A batch of one record has about so many bytes beside its value. */
const BATCH_FRAME_BYTES = 70;
const BATCH_BYTES = [100, 150, 200, 250, 400, 1000, 1900, 2900, 3900, 4900];
const EVERYTHING = 100_000;

const FORCED = {
  inline: { inlineBytesMax: EVERYTHING, stagedItemBytesMax: EVERYTHING },
  item: { inlineBytesMax: 0, stagedItemBytesMax: EVERYTHING },
  object: { inlineBytesMax: 0, stagedItemBytesMax: 0 },
} as const;

/** Each size at each place: where they cost the same is where the thresholds belong. */
export async function placementCosts(scale: CostScale): Promise<Table> {
  const rows: string[][] = [];
  for (const bytes of scale.quick ? BATCH_BYTES.slice(0, 1) : BATCH_BYTES) {
    const dollars: string[] = [];
    for (const [kind, placement] of Object.entries(FORCED)) {
      // Far beyond what a head is for.
      if (kind === "inline" && bytes > 1000) {
        dollars.push("");
        continue;
      }
      const valueBytes = bytes - BATCH_FRAME_BYTES;
      const durationMs = loadMs(scale, 2);
      const load = { producers: 4, partitions: 1, partitionsPerRequest: 1, shape: "steady" } as const;
      const life = await lifeOfLoad(
        "in-process",
        { ...load, valueBytes, requestsPerSecond: 20, durationMs },
        { ...scale, placement },
      );
      dollars.push(dollarText((life.dollars.total / life.requests) * MILLION));
    }
    rows.push([String(bytes), ...dollars]);
  }
  const { inlineBytesMax, stagedItemBytesMax } = billedLogSettings.placement;
  return {
    title: "Where bytes go",
    columns: ["bytes of a batch", "inline, $ per million", "staged item", "staged object"],
    rows,
    note: `In-process, four producers on one partition, everything forced to one place. The settings for AWS: inline up to ${inlineBytesMax} bytes, a staged item up to ${stagedItemBytesMax}.`,
  };
}
