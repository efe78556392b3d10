import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { testLength } from "../support/test-length.ts";

const bench = fileURLToPath(new URL("../bench/run-bench.ts", import.meta.url));

// Half a minute of both cores: for the soak, not for `npm test`.
test.skipIf(testLength === "quick")(
  "every scenario of the bench still runs, and fills its tables with numbers",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [bench, "--quick"]);
    const rows = stdout.split("\n").filter((line) => line.startsWith("| "));
    expect(stdout.match(/^### /gm)).toHaveLength(8);
    expect(rows.length).toBeGreaterThan(20);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  },
);
