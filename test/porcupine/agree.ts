import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { plantedBugs } from "../simulation/planted/planted-bugs.ts";
import { simulate } from "../simulation/simulation.ts";
import { brokerStarter, optionsOf } from "../simulation/start-broker.ts";

/**
 * Runs seeds with and without planted bugs, has their histories judged by Porcupine, and compares: what is clean
 * here is linearizable there, and each of these bugs has a seed that is broken for both. With a bug, a history may be
 * broken for Porcupine alone: it hears what brokers answered, our checkers what clients were told, and an answer may
 * be lost in between. Needs Go; without it this fails.
 */
const CLEAN_SEEDS = Number(process.argv[2] ?? 24);
const BUG_SEEDS_MAX = 12;
const BUGS = ["put-is-not-waited-for", "unknown-told-as-refused", "fetch-from-memory", "trim-empties-the-tail"];

interface Run {
  readonly file: string;
  readonly seed: number;
  readonly bug: string | undefined;
  /** Broken promises, as our own checkers name them. */
  readonly promises: readonly string[];
}

interface Judged extends Run {
  readonly operations: number;
  readonly verdict: "linearizable" | "broken" | "undecided";
}

Error.stackTraceLimit = 0;
const directory = mkdtempSync(join(tmpdir(), "tidelog-histories-"));
try {
  const checker = buildChecker();
  const judged: Promise<Judged>[] = [];
  // Judged beside the next runs, which leave a core idle.
  for (let seed = 1; seed <= CLEAN_SEEDS; seed++) judged.push(judge(checker, await run(seed, undefined)));
  for (const bug of BUGS) {
    for (let seed = 1; seed <= BUG_SEEDS_MAX; seed++) {
      const planted = await judge(checker, await run(seed, bug));
      judged.push(Promise.resolve(planted));
      if (planted.verdict === "broken" && planted.promises.length > 0) break;
    }
  }
  process.exitCode = compare(await Promise.all(judged));
} finally {
  rmSync(directory, { recursive: true });
}

function buildChecker(): string {
  const path = join(directory, "check");
  try {
    go("build", "-o", path, ".");
  } catch (error) {
    throw new Error("the linearizability check needs Go (https://go.dev) and its module Porcupine", { cause: error });
  }
  go("vet", ".");
  go("test", ".");
  return path;
}

function go(...parameters: string[]): void {
  execFileSync("go", parameters, { cwd: import.meta.dirname, stdio: "inherit" });
}

async function run(seed: number, name: string | undefined): Promise<Run> {
  const bug = plantedBugs.find((each) => each.name === name);
  const { anomalies, operationsOnLog } = await simulate(seed, brokerStarter(bug), {
    ...optionsOf(bug),
    recorded: true,
    traced: false,
  });
  const file = join(directory, `${name ?? "clean"}-${seed}.jsonl`);
  writeFileSync(file, operationsOnLog.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return { file, seed, bug: name, promises: [...new Set(anomalies.map(({ promise }) => promise))] };
}

async function judge(checker: string, judgedRun: Run): Promise<Judged> {
  const { stdout } = await promisify(execFile)(checker, [judgedRun.file], { encoding: "utf8" });
  const { operations, verdict } = JSON.parse(stdout) as Pick<Judged, "operations" | "verdict">;
  return { ...judgedRun, operations, verdict };
}

function compare(runs: readonly Judged[]): number {
  const problems: string[] = [];
  const foundByBoth = new Map<string, number>();
  for (const { seed, bug, promises, verdict } of runs) {
    const name = `seed ${seed}`;
    if (bug !== undefined) {
      if (verdict === "broken" && promises.length > 0) foundByBoth.set(bug, (foundByBoth.get(bug) ?? 0) + 1);
      continue;
    }
    if (verdict !== "linearizable") problems.push(`${name}: ${verdict} for Porcupine`);
    if (promises.length > 0) problems.push(`${name}: ${promises.join(", ")}`);
  }
  for (const bug of BUGS) if (!foundByBoth.has(bug)) problems.push(`${bug}: no seed is broken for both`);
  const operations = runs.reduce((sum, each) => sum + each.operations, 0);
  const found = BUGS.map((bug) => `${bug} ${foundByBoth.get(bug) ?? 0}`).join(", ");
  process.stdout.write(`${runs.length} histories, ${operations} operations; broken for both: ${found}\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}
