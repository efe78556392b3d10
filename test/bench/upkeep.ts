import { systemRuntime } from "../../lib/base/system-runtime.ts";
import { openLocalStores } from "../../lib/local/local-stores.ts";
import { tuneServerHeap } from "../../lib/local/tune-server-heap.ts";
import { embeddedLogSettings } from "../../lib/log/log-settings.ts";
import type { Broker } from "../../lib/service/broker.ts";
import { SkippingClock } from "../support/skipping-clock.ts";
import { BatchLoad } from "./measure/batch-load.ts";
import { LatencyProbe } from "./measure/latency-probe.ts";
import { openEngine, partitionOf, rollEverything, withoutRolls } from "./measure/open-engine.ts";
import { PausableWork } from "./measure/pausable-work.ts";
import type { Scenario } from "./measure/scenario.ts";
import { quantile } from "./measure/statistics.ts";
import type { Table } from "./measure/table.ts";

const MIB = 1024 * 1024;
const MOMENT_MS = 400;
const WARMED_MS = 1000;
/** What is produced of a topic before it is rolled: small enough that merges have something to do. */
const SEGMENT_BYTES = MIB;
/** Younger commits' ids have to be kept, so that compaction waits for them. */
const SETTLE_MS = 10 * 60_000;
/** Tails spill early: what is spilled at once is rolled at once. */
const log = {
  ...withoutRolls(embeddedLogSettings),
  tail: { ...embeddedLogSettings.tail, entriesSoftMax: 4 },
};
const WHOLE = { deadlineMs: Number.POSITIVE_INFINITY };

const KINDS = [
  { name: "merged", configs: {}, keys: undefined },
  { name: "compacted", configs: { "cleanup.policy": "compact" }, keys: 2000 },
] as const;

interface Windows {
  readonly quiet: LatencyProbe;
  readonly busy: LatencyProbe;
  busyMs: number;
}

/** What producers and consumers notice of merges and compaction: moments with and without them, in turn. */
export const upkeep: Scenario = {
  name: "upkeep",
  async run({ quick, directory }) {
    tuneServerHeap();
    const clock = new SkippingClock();
    const counted = new Map<string, number>();
    const count = (name: string, by = 1): unknown => counted.set(name, (counted.get(name) ?? 0) + by);
    const runtime = { ...(await systemRuntime({ meter: { count, observe() {} } })), clock };
    const stores = await openLocalStores({ dataDir: directory }, runtime);
    const rewriting = new PausableWork();
    const watched = { ...stores, objects: rewriting.watched(stores.objects), items: rewriting.watched(stores.items) };
    const broker = await openEngine(watched, runtime, log);
    const windows = { quiet: new LatencyProbe(broker.service), busy: new LatencyProbe(broker.service), busyMs: 0 };
    try {
      await windows.quiet.createTopic();
      await windows.quiet.during(sleep(quick ? 0 : WARMED_MS));
      windows.quiet.forget();
      for (const kind of KINDS) await prepare(broker, kind, quick ? 4 : 128);
      clock.skip(SETTLE_MS);
      await inTurn(broker, rewriting, windows);
    } finally {
      await broker.close();
      await stores.close();
    }
    const rewritten = (counted.get("log.merge.bytes.put") ?? 0) + (counted.get("log.compaction.bytes.read") ?? 0);
    return [tableOf(windows, rewritten / MIB)];
  },
};

/** A topic in small segments. */
async function prepare(broker: Broker, { name, configs, keys }: (typeof KINDS)[number], mebibytes: number) {
  const load = { valueBytes: 1024, records: mebibytes * 1024, partitions: 1, outstandingBytes: MIB / 2 };
  const batches = new BatchLoad(broker.service, name, { ...load, configs, keys });
  await batches.createTopic();
  await batches.produce();
  await rollEverything(broker, await partitionOf(broker, name), SEGMENT_BYTES);
}

/** Rewrites whatever there is to rewrite, held up every other moment. */
async function inTurn(broker: Broker, rewriting: PausableWork, windows: Windows): Promise<void> {
  let over = false;
  const whole = rewriting
    .run(() => broker.maintenance.runRewriting({}, WHOLE))
    .finally(() => {
      over = true;
    });
  while (!over) {
    const startedMs = performance.now();
    await windows.busy.during(Promise.race([whole, sleep(MOMENT_MS)]));
    windows.busyMs += performance.now() - startedMs;
    await rewriting.pause();
    await windows.quiet.during(sleep(MOMENT_MS));
    rewriting.resume();
  }
  await whole;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tableOf({ quiet, busy, busyMs }: Windows, mebibytes: number): Table {
  const rowOf = (what: string, without: readonly number[], beside: readonly number[]) => {
    const [p99Without, p99Beside] = [quantile(without, 0.99), quantile(beside, 0.99)];
    const halves = [quantile(without, 0.5), quantile(beside, 0.5)];
    return [what, without.length, beside.length, ...halves, p99Without, p99Beside, p99Beside / p99Without];
  };
  return {
    title: "Latency while segments are merged and compacted",
    columns: [
      "what",
      "requests without",
      "requests beside",
      "p50 ms without",
      "p50 ms beside",
      "p99 ms without",
      "p99 ms beside",
      "p99 beside / without",
    ],
    rows: [rowOf("produce 1 KiB", quiet.produceMs, busy.produceMs), rowOf("fetch it", quiet.fetchMs, busy.fetchMs)],
    note:
      `In turn, in one process, its heap set as a server's, ${MOMENT_MS} ms each: ${(busyMs / 1000).toFixed(1)} s in which ${mebibytes.toFixed(0)} MiB ` +
      "were merged and compacted, and as long with that work held up. Aim: p99 at most twice.",
  };
}
