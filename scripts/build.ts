import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "./bundle-functions.ts";

/**
 * Compiles `lib` and `infra` to `dist` (or to the folder named), from nothing, so that what was deleted does not stay
 * published, and bundles the functions beside them.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const target = path.resolve(root, process.argv[2] ?? "dist");
const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");

rmSync(target, { recursive: true, force: true });
const compile = (project: string, folder: string): boolean => {
  const args = [compiler, "-p", project, "--outDir", folder];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
};

const compiled = compile("tsconfig.build.json", target) && compile("tsconfig.infra.json", path.join(target, "infra"));
if (compiled) await bundleFunctions(path.join(target, "functions"));
process.exit(compiled ? 0 : 1);
