import { join } from "node:path";
import { bytesOf, countOf, type DiskTrace, readTrace, replay, settleDisk } from "./measure/disk-trace.ts";
import type { Load, LoadResult } from "./measure/load.ts";
import { BenchServer, runLoad } from "./measure/processes.ts";
import type { Scale, Scenario } from "./measure/scenario.ts";
import { median, mibPerSecond } from "./measure/statistics.ts";
import type { Cell, Table } from "./measure/table.ts";

const MIB = 1024 * 1024;
const PARTITIONS = 4;
const OUTSTANDING_BYTES = 8 * MIB;

const SIZES = [
  { name: "100 B", valueBytes: 100, records: 200_000 },
  { name: "1 KiB", valueBytes: 1024, records: 128 * 1024 },
  { name: "10 KiB", valueBytes: 10 * 1024, records: 13_000 },
] as const;

const WAYS = [
  { name: "SDK over HTTP", through: "sdk", server: true },
  { name: "binary HTTP", through: "batches", server: true },
  { name: "openLog", through: "sdk", server: false },
  { name: "engine", through: "batches", server: false },
] as const;

/** The disk's own pace changes from one second to the next: one replay says little. */
const REPLAYS = 3;

/** Of the records, before them. */
const WARM_UP_PART = 1 / 4;

interface Round {
  readonly result: LoadResult;
  /** Durable writes while producing. */
  readonly trace: DiskTrace;
  /** All of them, until the log was closed. */
  readonly whole: DiskTrace;
  readonly replaysMs: readonly number[];
  /** Their median. */
  readonly replayMs: number;
  readonly warmUpRecords: number;
}

/** Produce and read back, beside the same writes without the log; ours and theirs in turn. */
export const throughput: Scenario = {
  name: "throughput",
  async run(scale) {
    const rows: Cell[][] = [];
    for (const size of scale.quick ? SIZES.slice(1, 2) : SIZES) {
      for (const way of WAYS) {
        const rounds: Round[] = [];
        for (let round = 0; round < (scale.quick ? 1 : 3); round++) {
          rounds.push(await runRound(scale, size, way, `${way.name}-${size.name}-${round}`.replaceAll(" ", "-")));
        }
        rows.push(rowOf(size, way.name, rounds));
      }
    }
    return [tableOf(rows)];
  },
};

async function runRound(
  scale: Scale,
  size: (typeof SIZES)[number],
  way: (typeof WAYS)[number],
  name: string,
): Promise<Round> {
  const dataDir = join(scale.directory, name);
  const trace = join(scale.directory, `${name}.trace`);
  const records = scale.quick ? 1000 : size.records;
  const warmUpRecords = records * WARM_UP_PART;
  const load = {
    through: way.through,
    valueBytes: size.valueBytes,
    records,
    warmUpRecords,
    partitions: PARTITIONS,
    producers: 1,
    outstandingBytes: OUTSTANDING_BYTES,
    fetch: true,
    trace,
  } as const;
  const result = way.server ? await overServer(load, dataDir, trace) : await runLoad({ ...load, at: { dataDir } });
  const produced = readTrace(trace, result.traceFrom, result.traceTo);
  settleDisk();
  const replaysMs = Array.from({ length: scale.quick ? 1 : REPLAYS }, (_, turn) =>
    replay(produced, join(scale.directory, `${name}-replay-${turn}`)),
  );
  return { result, trace: produced, whole: readTrace(trace), replaysMs, replayMs: median(replaysMs), warmUpRecords };
}

async function overServer(load: Omit<Load, "at">, dataDir: string, trace: string): Promise<LoadResult> {
  const server = await BenchServer.start({ dataDir, trace });
  try {
    return await runLoad({ ...load, at: { url: server.url } });
  } finally {
    await server.stop();
  }
}

function rowOf(size: (typeof SIZES)[number], way: string, rounds: readonly Round[]): Cell[] {
  const middle = (value: (round: Round) => number): number => median(rounds.map(value));
  const bytes = (round: Round): number => round.result.records * size.valueBytes;
  const allBytes = (round: Round): number => (round.result.records + round.warmUpRecords) * size.valueBytes;
  return [
    size.name,
    way,
    middle((round) => mibPerSecond(bytes(round), round.result.produceMs)),
    middle((round) => round.result.records / (round.result.produceMs / 1000)),
    middle((round) => mibPerSecond(bytes(round), round.replayMs)),
    spreadText(rounds.flatMap((round) => round.replaysMs.map((ms) => mibPerSecond(bytes(round), ms)))),
    middle((round) => round.replayMs / round.result.produceMs),
    middle((round) => mibPerSecond(bytes(round), round.result.fetchMs)),
    middle((round) => bytesOf(round.trace, "staged") / Math.max(1, countOf(round.trace, "staged")) / 1024),
    middle((round) => countOf(round.trace, "staged", "names", "commit")),
    middle((round) => bytesOf(round.whole, "staged", "segment", "commit") / allBytes(round)),
  ];
}

function spreadText(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
}

function tableOf(rows: readonly Cell[][]): Table {
  return {
    title: "Throughput beside the same writes without the log",
    columns: [
      "value",
      "way",
      "produce MiB/s",
      "records/s",
      "bare writes MiB/s",
      "from to",
      "produce / bare",
      "fetch MiB/s",
      "piece KiB",
      "syncs",
      "bytes written per byte",
    ],
    rows,
    note:
      "Median of three rounds, each followed by its own bare writes: the staged pieces and commits of that round, " +
      "appended to one new file, synced as often; three times, once nothing is left to be written back, of which the median " +
      "counts, and least and greatest of all rounds are told. Aim: 0.5 or better at 1 KiB and above. The last column counts until the " +
      "log is closed, second copies in segments included. Four partitions, one producer, 8 MiB on their way; a quarter " +
      "as many records pass before.",
  };
}
