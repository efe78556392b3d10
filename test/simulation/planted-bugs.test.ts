import { availableParallelism } from "node:os";
import { afterAll, describe, expect, test } from "vitest";
import { testLength } from "../support/test-length.ts";
import { knownSeeds } from "./planted/known-seeds.ts";
import { lookForBug } from "./planted/look-for-bug.ts";
import { plantedBugs } from "./planted/planted-bugs.ts";
import { FIXED_RANGES } from "./planted/seed-ranges.ts";
import { SeedPool } from "./seed-pool.ts";

/** A search ends early where the seed is known; this bounds one after the engine has taken another course. */
const SEEDS_MAX = 300;
const TIMEOUT_MS = 1_200_000;

/** In `npm test` every third is looked for, in CI's soak all of them. */
const bugs = plantedBugs.filter((_, at) => testLength !== "quick" || at % 3 === 0);

const searches = bugs.flatMap((bug) => {
  const ranges = testLength === "full" ? FIXED_RANGES : [knownSeeds[bug.name] ?? 1];
  return ranges.map((from) => ({ bug, name: bug.name, from }));
});

/** All searches run at once, as many seeds at a time as there are cores. */
const pool = new SeedPool(availableParallelism());

afterAll(() => pool.close());

describe.concurrent("each rule that is taken away shows", () => {
  test.for(searches)(
    "$name is caught from seed $from, by the name of a promise that it breaks",
    { timeout: TIMEOUT_MS },
    async ({ bug, from }) => {
      const caught = await lookForBug(pool, bug, { from, most: SEEDS_MAX });
      expect(caught).toMatchObject({ as: "expected", clean: true });
    },
  );
});
