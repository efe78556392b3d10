import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Beside the packages that it needs, and out of everybody's way. */
const target = join(root, "node_modules", ".cache", "tidelog-bench");

/** The command as it is published: what runs from source also carries a TypeScript compiler in its memory. */
export const builtCommand = join(target, "bin", "tidelog.js");

export function buildPackage(): void {
  mkdirSync(target, { recursive: true });
  for (const name of ["package.json", "bin"]) cpSync(join(root, name), join(target, name), { recursive: true });
  const script = join(root, "scripts", "build.ts");
  const { status } = spawnSync(process.execPath, [script, join(target, "dist")], { stdio: "inherit" });
  if (status !== 0) throw new Error("the package does not build");
}
