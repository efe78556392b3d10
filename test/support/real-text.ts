import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));

/**
 * Real text of the wanted number of lines, the same wherever the lock file's packages are installed: their type
 * declarations, one after another. Lines repeat, are empty, and hold whatever people wrote.
 */
export function realTextLines(count: number): string[] {
  const files = readdirSync(packages, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts"));
  const lines: string[] = [];
  for (const file of files.sort()) {
    lines.push(...readFileSync(`${packages}/${file}`, "utf8").split("\n"));
    if (lines.length >= count) return lines.slice(0, count);
  }
  throw new Error(`the installed packages hold ${lines.length} lines of declarations, ${count} were wanted`);
}
