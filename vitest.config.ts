import { defineConfig } from "vitest/config";
import { byLength } from "./test/support/test-length.ts";

const MINUTE_MS = 60_000;

const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: MINUTE_MS },
});

/** Where to leave a report for a machine beside what is printed. */
const report = process.env.TIDELOG_TEST_REPORT;

export default defineConfig({
  test: {
    projects: [
      project("unit", MINUTE_MS),
      project("contract", MINUTE_MS),
      project("simulation", byLength({ quick: 1, short: 10, full: 240 }) * MINUTE_MS),
      project("e2e", byLength({ quick: 4, short: 10, full: 240 }) * MINUTE_MS),
    ],
    ...(report === undefined ? {} : { reporters: ["default", "json"], outputFile: { json: report } }),
  },
});
