import { expect, test } from "vitest";
import { testLength } from "../support/test-length.ts";
import { knownSeeds } from "./planted/known-seeds.ts";
import { tellingOf } from "./planted/look-for-bug.ts";
import { plantedBugs } from "./planted/planted-bugs.ts";
import { FIXED_RANGES } from "./planted/seed-ranges.ts";
import { simulate } from "./simulation.ts";
import { brokerStarter, optionsOf } from "./start-broker.ts";

/** A search ends early where the seed is known; this bounds one after the engine has taken another course. */
const SEEDS_MAX = 300;
const TIMEOUT_MS = 600_000;

/** In `npm test` every third is looked for, in CI's soak all of them. */
const bugs = plantedBugs.filter((_, at) => testLength !== "quick" || at % 3 === 0);

const searches = bugs.flatMap((bug) => {
  const ranges = testLength === "full" ? FIXED_RANGES : [knownSeeds[bug.name] ?? 1];
  return ranges.map((from) => ({ bug, name: bug.name, from }));
});

test.each(searches)(
  "$name is caught from seed $from, by the name of a promise that it breaks",
  async ({ bug, from }) => {
    for (let seed = from; seed < from + SEEDS_MAX; seed++) {
      const { anomalies } = await simulate(seed, brokerStarter(bug), { ...optionsOf(bug), traced: false });
      const told = tellingOf(anomalies);
      if (told === undefined) continue;
      expect({ seed, told, expected: bug.promises }).toSatisfy(() => bug.promises.includes(told.promise));
      expect((await simulate(seed, brokerStarter(), { traced: false })).anomalies).toEqual([]);
      return;
    }
    expect.unreachable(`${bug.name} went unseen through ${SEEDS_MAX} seeds`);
  },
  TIMEOUT_MS,
);
