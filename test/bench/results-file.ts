import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { cpus, release, totalmem, type } from "node:os";
import { type Table, tableText } from "./measure/table.ts";

const FILE = new URL("RESULTS.md", import.meta.url);
/** What stands above is written by people, and stays. */
const MARK = "<!-- Below this line: written by `npm run bench`. -->";

/** Replaces the measured part of RESULTS.md. */
export async function writeResults(tables: readonly Table[], loadBefore: number): Promise<void> {
  const before = await readFile(FILE, "utf8").catch(() => `# Results\n\n${MARK}\n`);
  const kept = before.slice(0, before.indexOf(MARK) + MARK.length);
  const measured = ["## Measured", "", ...machine(loadBefore), "", ...tables.map(tableText)].join("\n");
  await writeFile(FILE, `${kept}\n\n${measured.trimEnd()}\n`);
}

function machine(loadBefore: number): string[] {
  const processors = cpus();
  const changed = git("status", "--porcelain", "--", "lib") === "" ? "" : " with changes";
  return [
    `- ${processors.length} cores (${processors[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, virtual machine and disk`,
    `- Node ${process.version}, commit ${git("rev-parse", "--short", "HEAD")}${changed}, ${new Date().toISOString().slice(0, 10)}`,
    `- load average when it began: ${loadBefore.toFixed(2)}`,
  ];
}

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}
