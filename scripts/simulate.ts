import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { FAULT_KINDS } from "../test/simulation/faults.ts";
import { plantedBugs } from "../test/simulation/planted/planted-bugs.ts";
import { profiles } from "../test/simulation/profiles.ts";
import { SeedPool, type SeedSummary } from "../test/simulation/seed-pool.ts";
import { shrink } from "../test/simulation/shrink.ts";
import { type RunResult, simulate } from "../test/simulation/simulation.ts";
import { brokerStarter, optionsOf } from "../test/simulation/start-broker.ts";

const USAGE = `npm run simulate -- [--seeds N] [--from S] [--minutes M] [--profile P] [--resume FILE] [--workers N] [--bug NAME] [--without FAULT,…]   many seeds, exit 1 on an anomaly
npm run simulate -- --seed N [--bug NAME] [--without FAULT,…] [--only TEXT] [--history FILE] [--profile P]   one seed, with its timeline
npm run simulate -- --seed N --shrink [--bug NAME]   a smaller story that breaks the same promise, with its timeline`;

const FIRED_IN_TOO_FEW = 0.4;
const PROGRESS_MS = 2000;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    minutes: { type: "string" },
    seed: { type: "string" },
    bug: { type: "string" },
    only: { type: "string" },
    history: { type: "string" },
    shrink: { type: "boolean", default: false },
    profile: { type: "string" },
    resume: { type: "string" },
    workers: { type: "string", default: String(availableParallelism()) },
    without: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

const bug = plantedBugs.find((each) => each.name === values.bug);
const profileName = values.profile ?? bug?.profile ?? "mixed";
const profile = profiles[profileName];
if (values.help || profile === undefined || (values.bug !== undefined && bug === undefined)) {
  const names = `profiles: ${Object.keys(profiles).join(", ")}\nbugs: ${plantedBugs.map((each) => each.name).join(", ")}`;
  process.stdout.write(`${USAGE}\n${names}\n`);
  process.exit(values.help ? 0 : 2);
}
const start = brokerStarter(bug);
const options = { without: values.without.split(","), edit: profile, ...optionsOf(bug) };
process.exitCode = values.seed === undefined ? await runMany() : await runOne(Number(values.seed));

async function runOne(seed: number): Promise<number> {
  if (values.shrink) return runShrunk(seed);
  const { only, history } = values;
  const result = await simulate(seed, start, { ...options, recorded: history !== undefined });
  if (history !== undefined)
    writeFileSync(history, result.operationsOnLog.map((each) => `${JSON.stringify(each)}\n`).join(""));
  for (const line of result.trace) if (only === undefined || line.includes(only)) process.stdout.write(`${line}\n`);
  process.stdout.write(`${JSON.stringify(result.story, null, 2)}\n`);
  process.stdout.write(`faults ${JSON.stringify(result.faults)}, ${result.operations} operations\n`);
  printAnomalies(result);
  return result.anomalies.length > 0 ? 1 : 0;
}

async function runShrunk(seed: number): Promise<number> {
  const shrunk = await shrink(seed, start, options);
  if (shrunk === undefined) {
    process.stdout.write(`seed ${seed} breaks no promise\n`);
    return 0;
  }
  const { promise, story, without, result, runs } = shrunk;
  for (const line of result.trace) process.stdout.write(`${line}\n`);
  process.stdout.write(`${JSON.stringify(story, null, 2)}\n`);
  const left = Object.keys(result.faults).filter((kind) => !without.includes(kind));
  process.stdout.write(`${promise} is still broken after ${runs} runs: ${result.operations} operations, `);
  process.stdout.write(`faults left: ${left.join(", ") || "none"}\n`);
  printAnomalies(result);
  return 1;
}

async function runMany(): Promise<number> {
  const from = Number(values.from);
  const count = Number(values.seeds);
  const untilMs =
    values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(values.minutes) * 60_000;
  const results = readSummaries(values.resume);
  const done = new Set(results.map(({ seed }) => seed));
  const startedMs = Date.now();
  const startedCpu = process.cpuUsage();
  let toldMs = startedMs;
  let seed = from;
  const pool = new SeedPool(Number(values.workers));
  const keepOn = async (): Promise<void> => {
    while (seed < from + count && Date.now() < untilMs) {
      const next = seed++;
      if (done.has(next)) continue;
      const job = { seed: next, bug: values.bug, profile: profileName, without: options.without };
      const result = await pool.run(job);
      results.push(result);
      if (values.resume !== undefined) appendFileSync(values.resume, `${JSON.stringify(result)}\n`);
      printAnomalies(result);
      if (Date.now() - toldMs < PROGRESS_MS) continue;
      toldMs = Date.now();
      const bad = results.filter(({ anomalies }) => anomalies.length > 0).length;
      process.stderr.write(`seed ${next}: ${results.length} of ${count}, ${bad} with anomalies\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, keepOn));
  await pool.close();
  const cpu = process.cpuUsage(startedCpu);
  return summarize(results, {
    wallSeconds: (Date.now() - startedMs) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    resumed: done.size,
  });
}

/** What an earlier run of the same command has left: its seeds are not run again, but counted. */
function readSummaries(file: string | undefined): SeedSummary[] {
  if (file === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as SeedSummary);
}

function printAnomalies({ seed, anomalies }: Pick<RunResult, "seed" | "anomalies">): void {
  for (const { promise, what, atMs } of anomalies.slice(0, 5)) {
    process.stdout.write(`seed ${seed}  ${promise}  at ${atMs.toFixed(0)} ms: ${what}\n`);
  }
  if (anomalies.length > 5) process.stdout.write(`seed ${seed}  and ${anomalies.length - 5} more\n`);
}

function summarize(
  results: readonly SeedSummary[],
  spent: { readonly wallSeconds: number; readonly cpuSeconds: number; readonly resumed: number },
): number {
  const sum = (of: (result: SeedSummary) => number): number => results.reduce((total, result) => total + of(result), 0);
  const operations = sum((result) => result.operations);
  // Speeds are this run's own; what was done before counts in everything else.
  const fresh = results.slice(spent.resumed);
  const freshSeconds = fresh.reduce((total, { virtualMs }) => total + virtualMs, 0) / 1000;
  const freshOperations = fresh.reduce((total, each) => total + each.operations, 0);
  const virtualSeconds = sum((result) => result.virtualMs) / 1000;
  const bad = results.filter(({ anomalies }) => anomalies.length > 0);
  const lines = [
    `seeds              ${results.length} (${(fresh.length / spent.wallSeconds).toFixed(1)} per second)`,
    `virtual hours      ${(virtualSeconds / 3600).toFixed(2)} (${(freshSeconds / spent.cpuSeconds).toFixed(0)} times real time on one core)`,
    `store operations   ${operations}, median ${median(results.map((each) => each.operations))} a seed, ${(operations / virtualSeconds).toFixed(1)} per virtual second, ${(freshOperations / spent.cpuSeconds).toFixed(0)} per CPU second`,
    `batches            ${sum((result) => result.batches)} sent, ${sum((result) => result.acknowledged)} acknowledged`,
    ...(["rolls", "merges", "compactions"] as const).map((kind) => {
      const seeds = results.filter(({ rewrites }) => rewrites[kind] > 0).length;
      return `${kind.padEnd(18)} ${sum(({ rewrites }) => rewrites[kind])} in ${seeds} seeds`;
    }),
    `faults             median ${median(results.map((each) => faultsOf(each)))} a seed`,
    ...FAULT_KINDS.map((kind) => faultLine(kind, results)),
    `seeds with anomalies ${bad.length}${
      bad.length > 0
        ? `: ${bad
            .map(({ seed }) => seed)
            .slice(0, 40)
            .join(", ")}`
        : ""
    }`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return bad.length > 0 ? 1 : 0;
}

function faultsOf(result: Pick<RunResult, "faults">): number {
  return Object.values(result.faults).reduce((total, count) => total + count, 0);
}

function faultLine(kind: (typeof FAULT_KINDS)[number], results: readonly Pick<RunResult, "faults">[]): string {
  const fired = results.filter(({ faults }) => (faults[kind] ?? 0) > 0).length;
  const total = results.reduce((count, { faults }) => count + (faults[kind] ?? 0), 0);
  const share = fired / Math.max(1, results.length);
  const note = share < FIRED_IN_TOO_FEW ? "  fires in too few" : "";
  return `  ${kind.padEnd(18)} ${String(total).padStart(8)} in ${(share * 100).toFixed(0)}% of the seeds${note}`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
