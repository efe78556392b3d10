import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Emulator, startEmulator } from "./emulator-process.ts";
import { freePort } from "./free-port.ts";
import { installedOnce } from "./installed.ts";

const VERSION = "1.8.0";

/** Starts versitygw, an S3 gateway over a directory that goes with it. Needs Go. It verifies signatures. */
export async function startVersityGateway(access: { readonly id: string; readonly secret: string }): Promise<Emulator> {
  const folder = installedOnce(`versitygw-${VERSION}`, (target) => {
    const program = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
    execFileSync("go", ["install", program], { stdio: "pipe", env: { ...process.env, GOBIN: target } });
  });
  const data = mkdtempSync(path.join(tmpdir(), "tidelog-versitygw-"));
  const port = await freePort();
  const args = ["--port", `127.0.0.1:${port}`, "posix", data];
  const keys = { ROOT_ACCESS_KEY: access.id, ROOT_SECRET_KEY: access.secret };
  const gateway = await startEmulator(`http://127.0.0.1:${port}`, path.join(folder, "versitygw"), args, keys);
  const close = async (): Promise<void> => {
    await gateway.close();
    rmSync(data, { recursive: true, force: true });
  };
  return { url: gateway.url, close };
}
