import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Emulator, startEmulator } from "./emulator-process.ts";
import { freePort } from "./free-port.ts";
import { installedOnce } from "./installed.ts";

const VERSION = "5.2.5";

/** Starts moto's server, S3 and DynamoDB in one. Needs Python 3 with venv. */
export async function startMoto(): Promise<Emulator> {
  const folder = installedOnce(`moto-${VERSION}`, (target) => {
    const requirements = fileURLToPath(new URL("moto/requirements.txt", import.meta.url));
    execFileSync("python3", ["-m", "venv", target], { stdio: "pipe" });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    execFileSync(path.join(target, "bin", "python"), pip, { stdio: "pipe" });
  });
  const port = await freePort();
  const serve = fileURLToPath(new URL("moto/serve.py", import.meta.url));
  const args = [serve, String(port)];
  return startEmulator(`http://127.0.0.1:${port}`, path.join(folder, "bin", "python"), args);
}
