import path from "node:path";
import { type Emulator, startEmulator } from "./emulator-process.ts";
import { freePort } from "./free-port.ts";
import { installedPackages } from "./installed.ts";

const VERSION = "1.2.1";

/** Starts dynoxide, which keeps its tables in memory. */
export async function startDynoxide(): Promise<Emulator> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      `the DynamoDB emulator of these tests is locked for Linux on x64, and this is ${process.platform} on ` +
        `${process.arch}: start Docker, or name one by AWS_ENDPOINT_URL_DYNAMODB`,
    );
  }
  const folder = installedPackages("dynoxide", VERSION);
  const program = path.join(folder, "node_modules", "@dynoxide", "linux-x64", "dynoxide");
  const port = await freePort();
  return startEmulator(`http://127.0.0.1:${port}`, program, ["--host", "127.0.0.1", "--port", String(port)]);
}
