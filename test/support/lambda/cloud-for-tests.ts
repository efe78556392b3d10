import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, inject } from "vitest";
import { createBucket, createTable, testAccess } from "../aws-stores.ts";
import { type LambdaCloud, type LambdaCloudOptions, startLambdaCloud } from "./lambda-cloud.ts";
import { synthesizeLog } from "./synthesized-log.ts";

/** Of a waiting fetch: each holds an environment, and a process here. */
const FETCH_WAIT_MS_MAX = "500";

/** For all tests of a file: a stack of their own at work, from before the first until after the last. */
export function cloudForTests(options: Omit<LambdaCloudOptions, "log" | "stores">): () => LambdaCloud {
  const folder = mkdtempSync(path.join(tmpdir(), "tidelog-cloud-"));
  let cloud: LambdaCloud | undefined;
  beforeAll(async () => {
    const [log, bucket, table] = await Promise.all([synthesizeLog(folder), createBucket(), createTable()]);
    const stores = { ...testAccess, ...inject("awsEndpoints"), bucket, table };
    const variables = { LOG_FETCH_WAIT_MS_MAX: FETCH_WAIT_MS_MAX, ...options.variables };
    cloud = await startLambdaCloud({ ...options, variables, log, stores });
  });
  afterAll(async () => {
    await cloud?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (cloud === undefined) throw new Error("the stack is not at work yet");
    return cloud;
  };
}
