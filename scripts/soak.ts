import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { arch, cpus, platform, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figure } from "../test/support/figures.ts";

/**
 * Runs the suites that could go on for ever at full length (`--short`: at the length of continuous integration)
 * and, at full length, adds their figures to the results, under the commit they belong to.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const results = path.join(root, "test", "soak-results.md");
const GIB = 1024 ** 3;

function commitName(): string {
  const git = (...args: string[]): string => spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout.trim();
  return `${git("rev-parse", "--short=12", "HEAD")}${git("status", "--porcelain") === "" ? "" : " with changes"}`;
}

function figuresIn(file: string): Figure[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Figure);
}

function section(minutes: number, passed: boolean, figures: readonly Figure[]): string {
  const machine = `${platform()} ${arch()}, ${cpus().length} cores, ${Math.round(totalmem() / GIB)} GiB, Node ${process.version}`;
  const rows = figures.map(({ name, value }) => `| ${name} | ${value} |`);
  return [
    `\n## ${commitName()}\n`,
    `${new Date().toISOString().slice(0, 10)}, ${minutes.toFixed(1)} minutes, ${passed ? "passed" : "FAILED"}; ${machine}\n`,
    ...(rows.length === 0 ? [] : ["| figure | value |", "| --- | --- |", ...rows]),
    "",
  ].join("\n");
}

const { values } = parseArgs({ options: { short: { type: "boolean", default: false } } });
const scratch = mkdtempSync(path.join(tmpdir(), "tidelog-soak-"));
const figuresFile = path.join(scratch, "figures");
const startedMs = performance.now();
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "simulation", "--project", "e2e"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, TIDELOG_TEST_LENGTH: values.short ? "short" : "full", TIDELOG_TEST_FIGURES: figuresFile },
});
if (!values.short) {
  if (!existsSync(results))
    appendFileSync(results, "# Results of the soak runs\n\nWritten by `npm run soak`, newest last.\n");
  appendFileSync(results, section((performance.now() - startedMs) / 60_000, status === 0, figuresIn(figuresFile)));
}
rmSync(scratch, { recursive: true });
process.exit(status ?? 1);
