import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import type { Emulator } from "./emulator-process.ts";
import { installedPackages } from "./installed.ts";

const IMAGE = "localstack/localstack:4.14.0";
const TESTCONTAINERS_VERSION = "12.1.0";

/** As much of `@testcontainers/localstack` as is used here; it is installed only where there is Docker. */
interface LocalStackModule {
  readonly LocalstackContainer: new (
    image: string,
  ) => {
    withEnvironment(environment: Record<string, string>): {
      start(): Promise<{ getConnectionUri(): string; stop(): Promise<unknown> }>;
    };
  };
}

/** Whether there is a Docker daemon that answers. */
export function dockerPresent(): boolean {
  try {
    execFileSync("docker", ["info", "--format", "{{.ServerVersion}}"], { stdio: "pipe", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** S3 and DynamoDB of LocalStack in a container that goes with this process. */
export async function startLocalStack(): Promise<Emulator> {
  const folder = installedPackages("localstack", TESTCONTAINERS_VERSION);
  const load = createRequire(path.join(folder, "package.json"));
  const { LocalstackContainer } = load("@testcontainers/localstack") as LocalStackModule;
  const container = await new LocalstackContainer(IMAGE).withEnvironment({ SERVICES: "s3,dynamodb" }).start();
  return {
    url: container.getConnectionUri(),
    close: async () => {
      await container.stop();
    },
  };
}
