import { defineConfig } from "vitest/config";
import { byLength } from "./test/support/test-length.ts";

const MINUTE_MS = 60_000;

const project = (name: string, testTimeout: number, exclude: readonly string[] = []) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], exclude: [...exclude], testTimeout, hookTimeout: MINUTE_MS },
});

const AWS_TESTS = ["test/contract/aws-*.test.ts", "test/e2e/aws-*.test.ts"];

/** Those tests that need S3 and DynamoDB. */
const aws = {
  test: {
    name: "aws",
    include: AWS_TESTS,
    globalSetup: "test/support/aws-global-setup.ts",
    testTimeout: MINUTE_MS,
    hookTimeout: MINUTE_MS,
  },
};

/** Where to leave a report for a machine beside what is printed. */
const report = process.env.TIDELOG_TEST_REPORT;

export default defineConfig({
  test: {
    // Many tests wait for processes and disks: a worker for each core, where the default leaves one idle.
    maxWorkers: "100%",
    projects: [
      project("unit", MINUTE_MS),
      project("contract", MINUTE_MS, AWS_TESTS),
      aws,
      project("simulation", byLength({ quick: 1, short: 10, full: 240 }) * MINUTE_MS),
      project("e2e", byLength({ quick: 4, short: 10, full: 240 }) * MINUTE_MS, AWS_TESTS),
    ],
    ...(report === undefined ? {} : { reporters: ["default", "json"], outputFile: { json: report } }),
  },
});
