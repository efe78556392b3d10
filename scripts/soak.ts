import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { arch, cpus, platform, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figure } from "../test/support/figures.ts";

/**
 * Runs the suites that could go on for ever at full length (`--short`: at the length of continuous integration), or
 * those of them whose file names have one of the words given, then the simulator on as many seeds as come in
 * `--minutes`; at full length adds what came out to the results, under the commit it belongs to.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const results = path.join(root, "test", "soak-results.md");
const GIB = 1024 ** 3;
/** So that two runs of one commit run the same seeds, on whatever machine. */
const SHORT_SEEDS_MAX = 2400;

function commitName(): string {
  const git = (...args: string[]): string => spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout.trim();
  return `${git("rev-parse", "--short=12", "HEAD")}${git("status", "--porcelain", "--", ".", ":!test/soak-results.md") === "" ? "" : " with changes"}`;
}

function figuresIn(file: string): Figure[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Figure);
}

interface Stage {
  readonly passed: boolean;
  /** What it printed, where it is worth keeping. */
  readonly summary: string;
}

function runNode(args: readonly string[], environment: NodeJS.ProcessEnv, keepOutput: boolean): Stage {
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["inherit", keepOutput ? "pipe" : "inherit", "inherit"],
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  if (keepOutput) process.stdout.write(stdout);
  return { passed: status === 0, summary: keepOutput ? stdout : "" };
}

interface Soak {
  readonly minutes: number;
  readonly stages: readonly Stage[];
  readonly figures: readonly Figure[];
}

function section({ minutes, stages, figures }: Soak, only: readonly string[]): string {
  const machine = `${platform()} ${arch()}, ${cpus().length} cores, ${Math.round(totalmem() / GIB)} GiB, Node ${process.version}`;
  const outcome = stages.every((stage) => stage.passed) ? "passed" : "FAILED";
  const rows = figures.map(({ name, value }) => `| ${name} | ${value} |`);
  const summaries = stages.filter(({ summary }) => summary !== "").map(({ summary }) => `\n\`\`\`\n${summary}\`\`\``);
  return [
    `\n## ${commitName()}\n`,
    `${new Date().toISOString().slice(0, 10)}, ${minutes.toFixed(1)} minutes, ${outcome}; ${machine}`,
    ...(only.length === 0 ? [] : [`\nOnly these suites: ${only.join(", ")}`]),
    ...(rows.length === 0 ? [] : ["\n| figure | value |", "| --- | --- |", ...rows]),
    ...summaries,
    "",
  ].join("\n");
}

const { values, positionals } = parseArgs({
  options: { short: { type: "boolean", default: false }, minutes: { type: "string" } },
  allowPositionals: true,
});
const simulatedMinutes = values.minutes ?? (values.short ? "6" : "120");
const scratch = mkdtempSync(path.join(tmpdir(), "tidelog-soak-"));
const figuresFile = path.join(scratch, "figures");
const startedMs = performance.now();
const suites = { TIDELOG_TEST_LENGTH: values.short ? "short" : "full", TIDELOG_TEST_FIGURES: figuresFile };
const projects = ["simulation", "e2e", "aws"].flatMap((project) => ["--project", project]);
const stages = [runNode(["node_modules/vitest/vitest.mjs", "run", ...projects, ...positionals], suites, false)];
if (Number(simulatedMinutes) > 0) {
  const seeds = ["--seeds", values.short ? String(SHORT_SEEDS_MAX) : "1000000000", "--minutes", simulatedMinutes];
  stages.push(runNode(["scripts/simulate.ts", ...seeds], {}, true));
}
if (!values.short) {
  const minutes = (performance.now() - startedMs) / 60_000;
  if (!existsSync(results))
    appendFileSync(results, "# Results of the soak runs\n\nWritten by `npm run soak`, newest last.\n");
  appendFileSync(results, section({ minutes, stages, figures: figuresIn(figuresFile) }, positionals));
}
rmSync(scratch, { recursive: true });
process.exit(stages.every((stage) => stage.passed) ? 0 : 1);
