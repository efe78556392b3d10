import { rollInputsMax } from "../../base/limits.ts";
import type { LogSettings } from "../log-settings.ts";
import type { EffectiveConfigs } from "../topics/topic-configs.ts";
import type { MergeLimits } from "./choose-merge-inputs.ts";

/** Segments at least that a topic's retention has to choose from. */
const SEGMENTS_KEPT_MIN = 4;

/**
 * How far a topic's segments are merged: no farther than it wants them itself, nor so far that retention, which
 * removes them as a whole, would keep much more than was asked for.
 */
export function mergeLimits(
  settings: LogSettings,
  configs: Pick<EffectiveConfigs, "cleanup" | "segmentBytes" | "segmentMs" | "retentionBytes" | "retentionMs">,
): MergeLimits {
  const { segmentBytes, segmentMs, cleanup } = configs;
  const share = (limit: number): number => (cleanup.delete ? limit / SEGMENTS_KEPT_MIN : Number.POSITIVE_INFINITY);
  return {
    bytes: Math.max(1, Math.min(settings.merge.bytes, segmentBytes, share(configs.retentionBytes))),
    spanMs: Math.min(segmentMs, share(configs.retentionMs)),
    inputs: Math.min(settings.merge.inputsMax, rollInputsMax),
  };
}
