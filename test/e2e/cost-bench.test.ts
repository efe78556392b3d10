import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const bench = fileURLToPath(new URL("../bench/cost/run-cost-bench.ts", import.meta.url));

test("the bench of costs still runs: everything that it counts is collected in the end, and priced", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [bench, "--quick"]);
  const rows = stdout.split("\n").filter((line) => line.startsWith("| "));
  expect(stdout.match(/^### /gm)).toHaveLength(9);
  expect(rows.length).toBeGreaterThan(50);
  expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
});
