import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "./bundle-functions.ts";

/**
 * Compiles `lib` to `dist` (or to the folder named), from nothing, so that what was deleted does not stay published,
 * and bundles the functions beside it.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const target = path.resolve(root, process.argv[2] ?? "dist");
const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");

rmSync(target, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", target], {
  cwd: root,
  stdio: "inherit",
});
if (status === 0) await bundleFunctions(path.join(target, "functions"));
process.exit(status ?? 1);
