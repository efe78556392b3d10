import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Meter } from "../base/meter.ts";
import { counterName, histogramShape } from "./metric-name.ts";

/** Names come from code, not from users; the limit only keeps a mistake from filling memory. */
const namesMax = 1000;

export interface Metrics {
  readonly meter: Meter;
  readonly contentType: string;
  /** Shows counts that are kept elsewhere, under dotted names with this prefix. They only ever grow. */
  show(prefix: string, counts: () => Readonly<Record<string, number>>): void;
  /** Everything counted so far, in Prometheus's text format. */
  text(): Promise<string>;
}

export interface MetricsOptions {
  readonly version: string;
  /** Adds memory, CPU, event loop and garbage collection of the process. Default true. */
  readonly process?: boolean;
}

/** A meter whose counts and values can be read as Prometheus metrics; each one has a registry of its own. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.process !== false) collectDefaultMetrics({ register: registry });
  new Gauge({ name: "tidelog_info", help: "Version.", labelNames: ["version"], registers: [registry] }).set(
    { version: options.version },
    1,
  );
  return {
    meter: meterOf(registry),
    contentType: registry.contentType,
    show: (prefix, counts) => showCounts(registry, prefix, counts),
    text: () => registry.metrics(),
  };
}

/** One counter a name, set anew from its source at each reading. */
function showCounts(registry: Registry, prefix: string, counts: () => Readonly<Record<string, number>>): void {
  for (const name of Object.keys(counts())) {
    const dotted = `${prefix}.${name}`;
    new Counter({
      name: counterName(dotted),
      help: dotted,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(counts()[name] ?? 0);
      },
    });
  }
}

function meterOf(registry: Registry): Meter {
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, { histogram: Histogram; scale: number }>();

  function histogramOf(dotted: string): { histogram: Histogram; scale: number } {
    const { name, scale, buckets } = histogramShape(dotted);
    const histogram = new Histogram({ name, help: dotted, buckets: [...buckets], registers: [registry] });
    return { histogram, scale };
  }

  return {
    count(name, by = 1) {
      const counter = madeOnce(counters, name, () => {
        return new Counter({ name: counterName(name), help: name, registers: [registry] });
      });
      counter?.inc(by);
    },
    observe(name, value) {
      const made = madeOnce(histograms, name, () => histogramOf(name));
      made?.histogram.observe(value * made.scale);
    },
  };
}

function madeOnce<Metric>(metrics: Map<string, Metric>, name: string, make: () => Metric): Metric | undefined {
  const known = metrics.get(name);
  if (known !== undefined || metrics.size >= namesMax) return known;
  const made = make();
  metrics.set(name, made);
  return made;
}
