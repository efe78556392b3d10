import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type Caught, lookForBug } from "../test/simulation/planted/look-for-bug.ts";
import { plantedBugs } from "../test/simulation/planted/planted-bugs.ts";
import { seedRanges } from "../test/simulation/planted/seed-ranges.ts";
import { SeedPool } from "../test/simulation/seed-pool.ts";

/** A search that takes fewer seeds in the test begins at the first. */
const KNOWN_FROM = 3;

/**
 * How many seeds each planted bug takes from the beginning of each of five ranges, as a table for the simulator's
 * page. Exit code 1 when one is not caught within `--most` seeds, is caught under another promise's name, or when
 * the engine without it breaks a promise in the same seed.
 */
const { values } = parseArgs({
  options: {
    most: { type: "string", default: "60" },
    bugs: { type: "string" },
    workers: { type: "string", default: String(availableParallelism()) },
  },
});
const { stdout } = spawnSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" });
const commit = stdout.trim();
const ranges = seedRanges(commit);
const asked = values.bugs?.split(",");
const pool = new SeedPool(Number(values.workers));
process.stdout.write(`seeds needed at commit ${commit.slice(0, 12)}, from ${ranges.join(", ")}\n\n`);
process.stdout.write("| bug | the rule it takes away | promises named | seeds needed |\n| --- | --- | --- | --- |\n");
const rows = await Promise.all(
  plantedBugs
    .filter(({ name }) => asked?.includes(name) ?? true)
    .map(async (bug) => {
      const found = await Promise.all(ranges.map((from) => lookForBug(pool, bug, { from, most: Number(values.most) })));
      const promises = [...new Set(found.flatMap(({ promise }) => promise ?? []))].join(", ");
      process.stdout.write(`| \`${bug.name}\` | ${bug.rule} | ${promises} | ${found.map(told).join(", ")} |\n`);
      return found;
    }),
);
await pool.close();
const needed = rows.flat();
const within = (most: number): number => needed.filter(({ seeds, as }) => as === "expected" && seeds <= most).length;
process.stdout.write(
  `\n${needed.length} searches: ${within(10)} within 10 seeds, ${within(Number(values.most))} within ${values.most}\n`,
);
const [first = 1] = ranges;
const known = asked === undefined ? rows : [];
for (const { name, seeds } of known.map(([from], at) => ({ name: plantedBugs[at]?.name, seeds: from?.seeds ?? 0 }))) {
  if (seeds > KNOWN_FROM) process.stdout.write(`known seed: "${name}": ${first + seeds - 1},\n`);
}
process.exitCode = needed.every(({ as, clean }) => as === "expected" && clean) ? 0 : 1;

function told({ seeds, as, clean, promise }: Caught): string {
  if (as === "unseen") return `more than ${seeds}`;
  return `${seeds}${as === "other" ? ` (as ${promise})` : ""}${clean ? "" : " (not clean without)"}`;
}
