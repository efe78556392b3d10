import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plantedBugs } from "../simulation/planted/planted-bugs.ts";
import { simulate } from "../simulation/simulation.ts";
import { brokerStarter, optionsOf } from "../simulation/start-broker.ts";

/**
 * Runs seeds with and without planted bugs, has their histories judged by Porcupine, and compares: what is clean
 * here is linearizable there, what is broken there is broken here, and each of these bugs is found by both.
 * Needs Go; without it this fails.
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

interface Verdict {
  readonly file: string;
  readonly operations: number;
  readonly verdict: "linearizable" | "broken" | "undecided";
}

Error.stackTraceLimit = 0;
const directory = mkdtempSync(join(tmpdir(), "tidelog-histories-"));
try {
  const checker = buildChecker();
  const runs: Run[] = [];
  for (let seed = 1; seed <= CLEAN_SEEDS; seed++) runs.push(await run(seed, undefined));
  const verdicts = [...judged(checker, runs)];
  for (const bug of BUGS) {
    for (let seed = 1; seed <= BUG_SEEDS_MAX; seed++) {
      const planted = await run(seed, bug);
      const [verdict] = judged(checker, [planted]);
      runs.push(planted);
      if (verdict !== undefined) verdicts.push(verdict);
      if (verdict?.verdict === "broken") break;
    }
  }
  process.exitCode = compare(runs, verdicts);
} finally {
  rmSync(directory, { recursive: true });
}

function buildChecker(): string {
  const path = join(directory, "check");
  try {
    execFileSync("go", ["build", "-o", path, "."], { cwd: import.meta.dirname, stdio: "inherit" });
  } catch (error) {
    throw new Error("the linearizability check needs Go (https://go.dev) and its module Porcupine", { cause: error });
  }
  return path;
}

async function run(seed: number, name: string | undefined): Promise<Run> {
  const bug = plantedBugs.find((each) => each.name === name);
  const { anomalies, operationsOnLog } = await simulate(seed, brokerStarter(bug), {
    ...optionsOf(bug),
    recorded: true,
  });
  const file = join(directory, `${name ?? "clean"}-${seed}.jsonl`);
  writeFileSync(file, operationsOnLog.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return { file, seed, bug: name, promises: [...new Set(anomalies.map(({ promise }) => promise))] };
}

function judged(checker: string, runs: readonly Run[]): readonly Verdict[] {
  const lines = execFileSync(
    checker,
    runs.map(({ file }) => file),
    { encoding: "utf8" },
  );
  return lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Verdict);
}

function compare(runs: readonly Run[], verdicts: readonly Verdict[]): number {
  const problems: string[] = [];
  const foundByBoth = new Map<string, number>();
  for (const [at, { seed, bug, promises }] of runs.entries()) {
    const verdict = verdicts[at]?.verdict;
    const name = `seed ${seed}${bug === undefined ? "" : ` with ${bug}`}`;
    if (verdict === undefined || verdict === "undecided") problems.push(`${name}: Porcupine gives no verdict`);
    if (verdict === "broken" && promises.length === 0) problems.push(`${name}: broken for Porcupine, clean for us`);
    if (bug === undefined && promises.length > 0) problems.push(`${name}: ${promises.join(", ")}`);
    if (bug !== undefined && verdict === "broken") foundByBoth.set(bug, (foundByBoth.get(bug) ?? 0) + 1);
  }
  for (const bug of BUGS) if (!foundByBoth.has(bug)) problems.push(`${bug}: Porcupine finds it in no seed`);
  const operations = verdicts.reduce((sum, each) => sum + each.operations, 0);
  const found = BUGS.map((bug) => `${bug} ${foundByBoth.get(bug) ?? 0}`).join(", ");
  process.stdout.write(`${runs.length} histories, ${operations} operations; broken for both: ${found}\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}
