/** How a dotted name of ours appears in Prometheus's text, and how its values are spread over buckets. */
export interface MetricShape {
  readonly name: string;
  /** What a value is multiplied with: Prometheus counts time in seconds. */
  readonly scale: number;
  readonly buckets: readonly number[];
}

const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BYTES_BUCKETS = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
const COUNT_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];

/** "log.commit" to "tidelog_log_commit_total". */
export function counterName(dotted: string): string {
  return `${baseName(dotted)}_total`;
}

/** "http.requestMs" to "tidelog_http_request_seconds"; "log.batchBytes" to "tidelog_log_batch_bytes". */
export function histogramShape(dotted: string): MetricShape {
  const name = baseName(dotted);
  if (name.endsWith("_ms")) {
    return { name: `${name.slice(0, -"_ms".length)}_seconds`, scale: 0.001, buckets: SECONDS_BUCKETS };
  }
  return { name, scale: 1, buckets: name.endsWith("_bytes") ? BYTES_BUCKETS : COUNT_BUCKETS };
}

function baseName(dotted: string): string {
  const snake = dotted.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  return `tidelog_${snake.replace(/[^a-z0-9]+/g, "_")}`;
}
