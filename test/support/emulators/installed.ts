import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Where emulators are installed: outside of the project's own dependencies, and ignored by Git. */
const cache = fileURLToPath(new URL("../../../.emulators", import.meta.url));

/**
 * The folder in which `install` has put something once. Two processes may get here together: each works in a
 * folder of its own, and the first to finish gives it the name.
 */
export function installedOnce(name: string, install: (folder: string) => void): string {
  const folder = path.join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const own = mkdtempSync(path.join(cache, "installing-"));
  try {
    install(own);
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Installs what the lock file in a folder beside this one names. */
export function installedPackages(name: string, version: string): string {
  return installedOnce(`${name}-${version}`, (folder) => {
    const source = fileURLToPath(new URL(name, import.meta.url));
    for (const file of ["package.json", "package-lock.json"]) cpSync(path.join(source, file), path.join(folder, file));
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder, stdio: "pipe" });
  });
}
