import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { backlog } from "./backlog.ts";
import { latency } from "./latency.ts";
import { buildPackage } from "./measure/build-package.ts";
import type { Scenario } from "./measure/scenario.ts";
import { type Table, tableText } from "./measure/table.ts";
import { memory } from "./memory.ts";
import { profile } from "./profile.ts";
import { writeResults } from "./results-file.ts";
import { scaling } from "./scaling.ts";
import { throughput } from "./throughput.ts";
import { upkeep } from "./upkeep.ts";

const SCENARIOS: readonly Scenario[] = [latency, throughput, scaling, backlog, upkeep, memory, profile];
const names = SCENARIOS.map(({ name }) => name).join(", ");

const USAGE = `npm run bench -- [--only NAME] [--quick] [--directory D]
  --only NAME     one of ${names}
  --quick         everything small: shows that the bench works, measures nothing
  --directory D   where to write; on the disk that is to be measured
A whole run writes test/bench/RESULTS.md; --only and --quick only print.`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    directory: { type: "string", default: tmpdir() },
    help: { type: "boolean", default: false },
  },
});
const chosen = SCENARIOS.filter(({ name }) => values.only === undefined || values.only === name);
if (values.help || chosen.length === 0) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

buildPackage();
const [loadBefore = 0] = loadavg();
const tables: Table[] = [];
for (const scenario of chosen) tables.push(...(await run(scenario)));
if (values.only === undefined && !values.quick) await writeResults(tables, loadBefore);

async function run(scenario: Scenario): Promise<readonly Table[]> {
  await mkdir(values.directory, { recursive: true });
  const directory = await mkdtemp(join(values.directory, `tidelog-bench-${scenario.name}-`));
  try {
    const startedMs = performance.now();
    const measured = await scenario.run({ quick: values.quick, directory });
    for (const table of measured) process.stdout.write(`${tableText(table)}\n`);
    process.stderr.write(`${scenario.name}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
    return measured;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
