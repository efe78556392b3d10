import { tailAgeMetric } from "../lib/config/tail-age-metric.ts";

export interface TailAge {
  readonly table: string;
  readonly ageMs: number;
  readonly nowMs: number;
}

/** A log line that CloudWatch reads a metric from ("embedded metric format"): no request, and no permission for one. */
export function tailAgeLine({ table, ageMs, nowMs }: TailAge): string {
  const { namespace, name, dimension } = tailAgeMetric;
  const directive = { Namespace: namespace, Dimensions: [[dimension]], Metrics: [{ Name: name, Unit: "Seconds" }] };
  return `${JSON.stringify({
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    [dimension]: table,
    [name]: Math.round(ageMs / 1000),
  })}\n`;
}
