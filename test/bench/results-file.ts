import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { cpus, release, totalmem, type } from "node:os";
import { type Table, tableText } from "./measure/table.ts";

const FILE = new URL("RESULTS.md", import.meta.url);

/** Replaces the measured part of RESULTS.md. */
export function writeResults(tables: readonly Table[], loadBefore: number): Promise<void> {
  return writeMeasured({ file: FILE, command: "npm run bench", facts: machine(loadBefore), tables });
}

/** Replaces what stands below a file's mark. What stands above is written by people, and stays. */
export async function writeMeasured({
  file,
  command,
  facts,
  tables,
}: {
  readonly file: URL;
  readonly command: string;
  readonly facts: readonly string[];
  readonly tables: readonly Table[];
}): Promise<void> {
  const mark = `<!-- Below this line: written by \`${command}\`. -->`;
  const before = await readFile(file, "utf8").catch(() => `# Results\n\n${mark}\n`);
  const kept = before.slice(0, before.indexOf(mark) + mark.length);
  const measured = ["## Measured", "", ...facts, "", ...tables.map(tableText)].join("\n");
  await writeFile(file, `${kept}\n\n${measured.trimEnd()}\n`);
}

function machine(loadBefore: number): string[] {
  const processors = cpus();
  return [
    `- ${processors.length} cores (${processors[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, virtual machine and disk`,
    commitFact(),
    `- load average when it began: ${loadBefore.toFixed(2)}`,
  ];
}

/** Which code was measured, when, on which Node. */
export function commitFact(): string {
  const changed = git("status", "--porcelain", "--", "lib") === "" ? "" : " with changes";
  return `- Node ${process.version}, commit ${git("rev-parse", "--short", "HEAD")}${changed}, ${new Date().toISOString().slice(0, 10)}`;
}

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}
