/** The age of the oldest commit that a sweep found outside of segments: it grows where rolling fails. */
export interface TailAge {
  readonly table: string;
  readonly ageMs: number;
  readonly nowMs: number;
}

/** The construct's alarm looks for the metric by these names (`infra/watch.ts`); a test holds the two together. */
const NAMESPACE = "Tidelog";
const DIMENSION = "Table";
const METRIC = "TailAge";

/** A log line that CloudWatch reads a metric from ("embedded metric format"): no request, and no permission for one. */
export function tailAgeLine({ table, ageMs, nowMs }: TailAge): string {
  const directive = { Namespace: NAMESPACE, Dimensions: [[DIMENSION]], Metrics: [{ Name: METRIC, Unit: "Seconds" }] };
  return `${JSON.stringify({
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    [DIMENSION]: table,
    [METRIC]: Math.round(ageMs / 1000),
  })}\n`;
}
